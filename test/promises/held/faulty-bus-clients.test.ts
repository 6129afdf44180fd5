import { EventEmitter } from 'node:events'
import type { BusMessage } from 'koa-session-service'
import { PostgresBus, type PostgresPool } from 'koa-session-service/kysely'
import { RedisBus } from 'koa-session-service/redis'
import { nextTurn } from '../../support/app/site'

const fail = (): never => {
  throw new Error('in trouble')
}
/** How a call fails: at once, or by a promise of which it is told whether anybody has asked for its failure. */
const FAILURES: Record<string, (asked: unknown[]) => unknown> = {
  'at once': fail,
  later: (asked) => ({ then: (...callbacks: unknown[]) => (asked.push(callbacks[1]), fail()) }),
}

describe.each(Object.entries(FAILURES))('a client whose calls fail %s', (_, failing) => {
  let asked: unknown[]
  beforeEach(() => (asked = []))
  afterEach(() => expect(asked).not.toContain(undefined))
  const faulty = (): never => failing(asked) as never

  it('R72: a connection that cannot be released is left, and the bus listens on another one', async () => {
    const connections: EventEmitter[] = []
    const pool = {
      query: async () => undefined,
      connect: async () => {
        const connection = Object.assign(new EventEmitter(), { query: async () => undefined, release: faulty })
        connections.push(connection)
        return connection
      },
    } as unknown as PostgresPool
    const bus = new PostgresBus(pool)
    const heard: BusMessage[] = []
    bus.subscribe((message) => void heard.push(message))
    while (heard.length < 1) await nextTurn()
    connections[0].emit('end')
    while (heard.length < 2) await nextTurn()
    expect(heard).toEqual([{ kind: 'lost' }, { kind: 'lost' }])
    await bus.close()
    await nextTurn()
    expect(connections).toHaveLength(2)
  })

  it('R72: a connection that takes no listeners, or no question whether it is there, is given up for another one', async () => {
    const faults = [{ on: fail }, { query: (text: string) => (text.startsWith('listen') ? undefined : faulty()) }, {}]
    let count = 0
    const connect = async () => {
      const made = { query: async () => undefined, release: () => undefined }
      return Object.assign(new EventEmitter(), made, faults[count++])
    }
    const bus = new PostgresBus({ query: async () => undefined, connect }, { checkEvery: 1 })
    bus.subscribe(() => undefined)
    while (count < faults.length) await new Promise((resolve) => setTimeout(resolve, 1))
    await bus.close()
  })

  it('R72: a client of ioredis that cannot subscribe or disconnect fails nobody, and is asked again when it is ready', async () => {
    const subscriber = Object.assign(new EventEmitter(), { subscribe: jest.fn(faulty), disconnect: jest.fn(faulty) })
    const client = { call: async () => undefined, duplicate: () => subscriber, subscribe: fail }
    const bus = new RedisBus(client)
    const lost = new Promise((resolve) => bus.subscribe(resolve))
    await nextTurn()
    subscriber.subscribe.mockImplementation((async () => undefined) as never)
    subscriber.emit('ready')
    expect(await lost).toEqual({ kind: 'lost' })
    await bus.close()
    expect(subscriber.disconnect).toHaveBeenCalledTimes(1)
  })

  it('R72: a client of redis that cannot connect or be closed fails nobody', async () => {
    for (const name of ['destroy', 'disconnect']) {
      const subscriber = Object.assign(new EventEmitter(), { connect: faulty, [name]: jest.fn(faulty) })
      const client = { sendCommand: async () => undefined, duplicate: () => subscriber, subscribe: fail }
      const bus = new RedisBus(client)
      bus.subscribe(fail)
      await bus.close()
      expect(subscriber[name as never]).toHaveBeenCalledTimes(1)
    }
  })
})

describe('a client of ioredis that becomes ready', () => {
  /** Answers when it is told to. */
  function open() {
    const answers: { resolve: () => void; reject: (error: Error) => void }[] = []
    const subscribe = () => new Promise<void>((resolve, reject) => answers.push({ resolve, reject }))
    const subscriber = Object.assign(new EventEmitter(), { subscribe, disconnect: () => undefined })
    const client = { call: async () => undefined, duplicate: () => subscriber, subscribe }
    const heard: BusMessage[] = []
    new RedisBus(client).subscribe((message) => void heard.push(message))
    return { answers, subscriber, heard }
  }

  it('R72: a client of ioredis is asked to listen once, and again whenever its connection is back', async () => {
    const { answers, subscriber, heard } = open()
    subscriber.emit('ready')
    answers[0].resolve()
    await nextTurn()
    expect([answers.length, heard.length]).toEqual([1, 1])
    subscriber.emit('ready')
    answers[1].resolve()
    await nextTurn()
    expect([answers.length, heard.length]).toEqual([2, 2])
  })

  it('R72: a client of ioredis that was ready before its first answer failed is asked once more', async () => {
    const { answers, subscriber, heard } = open()
    subscriber.emit('ready')
    answers[0].reject(new Error('in trouble'))
    await nextTurn()
    answers[1].resolve()
    await nextTurn()
    expect([answers.length, heard.length]).toEqual([2, 1])
  })
})
