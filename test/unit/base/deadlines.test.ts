import { Deadlines } from '../../../src/base/deadlines'
import { setTimeout } from 'node:timers/promises'
import { heapInUse } from '../../support/heap'

const TIMEOUT = 1000
const never = new Promise<never>(() => undefined)
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
}

const told = (error: unknown) => error

/** Waits for what never comes, and notes in which order the waiting ends. */
function open(timeout = TIMEOUT) {
  const deadlines = new Deadlines(timeout, () => new Error('late'))
  const ended: string[] = []
  const wait = (name: string, answer: Promise<unknown> = never) => {
    return deadlines.race(answer, told).then(
      () => ended.push(`${name} in time`),
      (error: Error) => ended.push(`${name} ${error.message}`),
    )
  }
  return { ended, wait }
}

const ANSWERS = 20
const LARGE = 1_000_000
const largeAnswer = () => Buffer.alloc(LARGE)

/** Timers of a test that nobody knows to be fake: they fire when they are told to, whatever the clock says. */
function plainFakes() {
  const due: { at: number; fire: () => void }[] = []
  let now = 0
  jest.spyOn(globalThis, 'setTimeout').mockImplementation(((fire: () => void, delay: number) => {
    due.push({ at: now + delay, fire })
    return {}
  }) as never)
  const advance = async (milliseconds: number) => {
    now += milliseconds
    for (const timer of due.splice(0)) {
      if (timer.at <= now) timer.fire()
      else due.push(timer)
    }
    await turns()
  }
  return { advance }
}

afterEach(() => {
  jest.useRealTimers()
  jest.restoreAllMocks()
})

describe('what takes too long', () => {
  it('R43: a wait that takes too long ends in the order in which it began, and what is answered does not end so', async () => {
    const { ended, wait } = open(5)
    await Promise.all([wait('a'), wait('b', Promise.resolve()), wait('c')])
    expect(ended).toEqual(['b in time', 'a late', 'c late'])
  })

  it('R43: a wait keeps the process alive until it is answered, and no longer', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const { wait } = open(60_000)
    const before = timers()
    for (let count = 0; count < 2; count++) {
      const waiting = wait('a', new Promise(setImmediate))
      expect(timers()).toBe(before + 1)
      await waiting
      expect(timers()).toBe(before)
    }
  })

  it('R43: an answer that fails gives that failure', async () => {
    const { ended, wait } = open(5)
    await wait('a', Promise.reject(new Error('down')))
    expect(ended).toEqual(['a down'])
  })

  it('R43: an answer leaves the line from wherever it is, once, and those around it end in their order', async () => {
    const { ended, wait } = open(20)
    const answers = new Map<string, (value?: unknown) => void>()
    const names = ['a', 'b', 'c', 'd', 'e']
    const waits = names.map(async (name) => wait(name, new Promise((resolve) => answers.set(name, resolve))))
    for (const name of ['c', 'a', 'e']) answers.get(name)?.()
    await Promise.all(waits)
    expect(ended).toEqual(['c in time', 'a in time', 'e in time', 'b late', 'd late'])
    // What comes too late takes nobody else out of the line.
    const next = wait('f')
    answers.get('b')?.()
    await next
    expect(ended.slice(5)).toEqual(['f late'])
  })

  it('R43: a wait that is never answered keeps nothing of what came after it', async () => {
    const { wait } = open(50)
    const hung = wait('hung')
    await setTimeout(25)
    const before = heapInUse()
    // Each begins before the one in front of it is answered, and the first one before the hung one is late.
    let previous: Promise<unknown> = hung
    for (let count = 0; count < ANSWERS; count++) previous = wait('answered', previous.then(largeAnswer))
    await previous
    await turns()
    expect(heapInUse() - before).toBeLessThan((ANSWERS / 2) * LARGE)
  })

  it('R91: a wait has its own time, as fake timers say', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] })
    const { ended, wait } = open()
    void wait('a')
    await jest.advanceTimersByTimeAsync(TIMEOUT / 2)
    void wait('b')
    await jest.advanceTimersByTimeAsync(TIMEOUT / 2)
    expect(ended).toEqual(['a late'])
    await jest.advanceTimersByTimeAsync(TIMEOUT / 2 - 1)
    expect(ended).toEqual(['a late'])
    await jest.advanceTimersByTimeAsync(1)
    expect(ended).toEqual(['a late', 'b late'])
  })

  it('R91: a wait that takes too long ends also where the timers were fake before, and the real ones are back', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] })
    const { ended, wait } = open(5)
    await wait('a', Promise.resolve())
    void wait('b')
    jest.useRealTimers()
    await wait('c')
    expect(ended).toEqual(['a in time', 'b late', 'c late'])
  })

  it('R91: a wait that takes too long ends also where the timers were real before, and fake ones are put in', async () => {
    const { ended, wait } = open()
    await wait('a', Promise.resolve())
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] })
    void wait('b')
    await jest.advanceTimersByTimeAsync(TIMEOUT)
    expect(ended).toEqual(['a in time', 'b late'])
  })

  it('R91: a wait never ends early, and always ends, with fake timers that nobody knows', async () => {
    const { advance } = plainFakes()
    const { ended, wait } = open()
    await wait('before', Promise.resolve())
    await advance(0.9 * TIMEOUT)
    void wait('a')
    await advance(0.2 * TIMEOUT)
    expect(ended).toEqual(['before in time'])
    await advance(TIMEOUT)
    expect(ended).toEqual(['before in time', 'a late'])
  })

  it('R91: a wait does not end early or late where the clock of the machine is set', async () => {
    const { ended, wait } = open(5)
    const waiting = wait('a')
    const now = Date.now()
    for (const shift of [-3_600_000, 3_600_000]) {
      jest.spyOn(Date, 'now').mockReturnValue(now + shift)
      await Promise.resolve()
      expect(ended).toEqual([])
    }
    await waiting
    expect(ended).toEqual(['a late'])
  })
})
