import { Kysely, PostgresDialect } from 'kysely'
import { LayeredStore, type BusMessage } from 'koa-session-service'
import { createSessionTable, KyselyStore, PostgresBus, type PostgresBusOptions } from 'koa-session-service/kysely'
import { Pool } from 'pg'
import { hasPostgres, startPostgres } from '../../support/backends/databases'
import { endOf, hold, NEVER } from '../../support/app/held'
import { describeWith } from '../../support/backends/require-server'
import type { ServerProcess } from '../../support/backends/server-process'
import { createSessionApp } from '../../support/app/session-app'

const ENDED: BusMessage = { kind: 'ended', session: 'a hash' }
const closing: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

describeWith('PostgreSQL', hasPostgres)('PostgresBus', () => {
  let server: ServerProcess

  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server.stop())

  function poolOf({ port }: { port: number }, max = 10): Pool {
    const pool = new Pool({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres', max })
    pool.on('error', () => undefined)
    pool.on('connect', (client) => client.on('error', () => undefined))
    closing.push(() => pool.end())
    return pool
  }

  /** A bus, and whatever it hears; it listens when this returns. */
  async function listening(pool: Pool, options?: PostgresBusOptions) {
    const bus = new PostgresBus(pool, options)
    closing.push(() => bus.close())
    const heard: BusMessage[] = []
    const told = (): BusMessage[] => heard.filter(({ kind }) => kind !== 'lost')
    bus.subscribe((message) => void heard.push(message))
    const hears = async (kind: BusMessage['kind'], count = 1): Promise<void> => {
      while (heard.filter((message) => message.kind === kind).length < count) await new Promise(setImmediate)
    }
    await hears('lost')
    return { bus, heard, told, hears }
  }

  it('R72: PostgresBus carries messages between processes over PostgreSQL, on its channel, and to each listener once', async () => {
    const [one, other] = [poolOf(server), poolOf(server)]
    const [here, there] = [await listening(one), await listening(other)]
    const elsewhere = await listening(other, { channel: 'another "one"' })
    const messages: BusMessage[] = [
      { kind: 'written', session: 'a', generation: 1 },
      { kind: 'rotated', session: 'a', generation: 2 },
      { kind: 'revoked', owner: 'o' },
      ENDED,
    ]
    for (const message of messages) await here.bus.publish(message)
    await there.hears('ended')
    await there.bus.publish({ kind: 'ended', session: 'b' })
    await here.hears('ended', 2)
    expect(there.told()).toEqual([...messages, { kind: 'ended', session: 'b' }])
    expect(here.told()).toEqual([...messages, { kind: 'ended', session: 'b' }])
    await elsewhere.bus.publish(ENDED)
    expect(elsewhere.told()).toEqual([ENDED])
    expect(there.told()).toHaveLength(messages.length + 1)
  })

  it('R72: a message of more than PostgreSQL takes is heard, and what is no message is not', async () => {
    const pool = poolOf(server)
    const [here, there] = [await listening(pool), await listening(pool)]
    await pool.query(`select pg_notify('session_bus', 'nonsense'), pg_notify('session_bus', '')`)
    const all = Array.from({ length: 300 }, (_, number): BusMessage => ({
      kind: 'ended',
      session: `${number}`.padEnd(64),
    }))
    const asked = jest.spyOn(pool, 'query')
    await Promise.all(all.map(async (message) => here.bus.publish(message)))
    // Not each by itself.
    expect(asked.mock.calls.length).toBeLessThan(all.length / 10)
    await there.hears('ended', all.length)
    const sorted = (messages: BusMessage[]): string[] => messages.map((message) => JSON.stringify(message)).sort()
    expect(sorted(there.told())).toEqual(sorted(all))
    expect(here.told()).toEqual(all)
  })

  it('R72: R73: messages that were lost while PostgreSQL was killed and away are made good', async () => {
    const lonely = await startPostgres()
    closing.push(() => lonely.stop())
    const pool = poolOf(lonely)
    const db = new Kysely<any>({ dialect: new PostgresDialect({ pool: pool }) })
    await createSessionTable(db)
    const { bus, hears } = await listening(pool)
    const { sessions, visitor } = createSessionApp({ store: new KyselyStore(db), recheckEvery: NEVER, bus })
    const ann = visitor()
    await ann.get('/set?n=1')
    const held = await hold(sessions, ann)
    const layered = new LayeredStore(new KyselyStore(db), { bus, maxStale: NEVER })
    closing.push(() => layered.close())
    const read = async () => layered.read(held.id as string, { rolling: false, ctx: {} as never })
    expect(await read()).toBeDefined()
    await lonely.kill()
    await lonely.restart()
    // Ended by somebody who tells nobody; where the bus was faster, it loses its connection once more.
    await pool.query('delete from sessions')
    await pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen%'`)
    await hears('lost', 2)
    expect(await endOf(held.signal)).toBe('The session was ended.')
    expect(await read()).toBeUndefined()
  })

  it('R72: a connection whose server says nothing any more is given up for another one', async () => {
    const pool = poolOf(server)
    // Connections of other tests may be there still.
    const pids = async (): Promise<number[]> => {
      const text = `select pid from pg_stat_activity where query = 'listen "stopped"' or query = 'select 1'`
      return (await pool.query<{ pid: number }>(text)).rows.map(({ pid }) => pid)
    }
    const others = await pids()
    const { bus, hears, told } = await listening(pool, { channel: 'stopped', checkEvery: 50 })
    const pid = (await pids()).find((each) => !others.includes(each)) as number
    process.kill(pid, 'SIGSTOP')
    try {
      await hears('lost', 2)
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    const other = await listening(pool, { channel: 'stopped' })
    await other.bus.publish(ENDED)
    await hears('ended')
    expect(told()).toEqual([ENDED])
    await bus.close()
  })

  it('R72: a PostgresBus that is closed is so for good: its connection goes, the pool stays', async () => {
    const pool = poolOf(server)
    const { bus } = await listening(pool, { channel: 'closed' })
    const count = async (): Promise<number> =>
      (await pool.query(`select 1 from pg_stat_activity where query = 'listen "closed"'`)).rows.length
    expect(await count()).toBe(1)
    await bus.close()
    while ((await count()) > 0) await new Promise(setImmediate)
    expect(() => bus.subscribe(() => undefined)).toThrow('was closed')
    await bus.publish(ENDED)
  })

  it('R72: a listener hears what cannot be published, and who publishes is told', async () => {
    const pool = poolOf(server)
    const bus = new PostgresBus({
      query: async () => Promise.reject(new Error('down')),
      connect: async () => pool.connect(),
    })
    closing.push(() => bus.close())
    const heard: BusMessage[] = []
    bus.subscribe((message) => void heard.push(message))
    await expect(bus.publish(ENDED)).rejects.toThrow('down')
    expect(heard.filter(({ kind }) => kind !== 'lost')).toEqual([ENDED])
  })

  it.each([
    [{}, {}],
    [undefined, {}],
    [{ query: () => undefined, connect: () => undefined }, { channel: '' }],
    [{ query: () => undefined, connect: () => undefined }, { channel: 'x'.repeat(64) }],
    [{ query: () => undefined, connect: () => undefined }, { checkEvery: 0 }],
    [{ query: () => undefined, connect: () => undefined }, { checkEvery: Infinity }],
    [{ query: () => undefined, connect: () => undefined }, { checkEvery: 2 ** 31 }],
  ])('R38: PostgresBus does not take %j with %j', (pool, options) => {
    expect(() => new PostgresBus(pool as never, options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_SESSION_OPTIONS' }),
    )
  })
})
