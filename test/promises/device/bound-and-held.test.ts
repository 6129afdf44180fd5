import type { Context } from 'koa'
import { MemoryStore, sealed, type SessionOptions } from 'koa-session-service'
import {
  createBoundSite,
  LIFETIME,
  offeredIn,
  type BoundBrowser,
  type BoundSite,
} from '../../support/device/bound-site'
import { SEALING_KEYS } from '../../support/backends/backends'
import { endOf, hold, NEVER } from '../../support/app/held'
import { spyOn } from '../../support/spies/spy-on'

const UNDER_WAY = 10_000

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] })
})
afterEach(() => jest.useRealTimers())

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
}

async function pass(milliseconds: number): Promise<void> {
  await jest.advanceTimersByTimeAsync(milliseconds)
  await turns()
}

interface Opened {
  site: BoundSite
  ann: BoundBrowser
}

async function open(options: SessionOptions, handlers = {}): Promise<Opened> {
  const site = createBoundSite({ recheckEvery: NEVER, ...options }, {}, handlers)
  const ann = site.browser()
  await ann.signIn()
  return { site, ann }
}

/** A stream, as a handler makes one. */
function streams(): {
  signals: AbortSignal[]
  handlers: Record<string, (ctx: Context) => unknown>
  of: (site: BoundSite) => void
} {
  const signals: AbortSignal[] = []
  let site: BoundSite | undefined
  const stream = async (ctx: Context): Promise<void> => {
    signals.push((await site?.sessions.signal(ctx)) as AbortSignal)
    await new Promise(() => undefined)
  }
  return { signals, handlers: { '/stream': stream }, of: (made) => void (site = made) }
}

const BACKENDS: [name: string, options: () => SessionOptions][] = [
  ['a store', () => ({ store: new MemoryStore() })],
  ['a sealed cookie', () => ({ codec: sealed({ keys: SEALING_KEYS }) })],
]

describe.each(BACKENDS)('a session in %s that is bound, and held', (_name, options) => {
  it('R101: a bound session that is held ends with the cookie that it was opened with', async () => {
    const { site, ann } = await open(options())
    await pass(LIFETIME / 2)
    const held = await hold(site.sessions as never, ann.copy().visitor)
    await pass(LIFETIME / 2 - 1)
    expect(held.signal.aborted).toBe(false)
    await pass(200)
    expect(await endOf(held.signal)).toMatch('bound to a device')
  })

  it('R101: a bound session that is held ends so, however often the device proves itself meanwhile', async () => {
    const { site, ann } = await open(options())
    const stolen = await hold(site.sessions as never, ann.copy().visitor)
    for (let turn = 0; turn < 2; turn++) {
      await pass(LIFETIME / 3)
      expect((await ann.refresh()).status).toBe(200)
      expect(stolen.signal.aborted).toBe(false)
    }
    const fresh = await hold(site.sessions as never, ann.visitor)
    await pass(LIFETIME / 3 + 200)
    expect([stolen.signal.aborted, fresh.signal.aborted]).toEqual([true, false])
    expect(await ann.session()).toEqual({ userId: 'ann' })
  })

  it('R101: the signal of a bound session in a handler ends with the cookie that it came with', async () => {
    const { signals, handlers, of } = streams()
    const { site, ann } = await open(options(), handlers)
    of(site)
    void ann.copy().get('/stream')
    await turns()
    await pass(LIFETIME - 1)
    expect(signals.map(({ aborted }) => aborted)).toEqual([false])
    await pass(200)
    expect(await endOf(signals[0])).toMatch('bound to a device')
  })
})

describe('a session in a store that is bound, and held', () => {
  it("R101: a bound session in a store that is held writes nothing after its cookie's time, released or not", async () => {
    const { site, ann } = await open({ store: new MemoryStore() })
    const held = await hold(site.sessions as never, ann.copy().visitor)
    held.release()
    await pass(LIFETIME - 1)
    expect(await held.update((data) => Object.assign(data, { n: 1 }))).toEqual({ userId: 'ann', n: 1 })
    await pass(1)
    expect(await held.update((data) => Object.assign(data, { n: 2 }))).toBeNull()
    await held.destroy()
    expect((await ann.refresh()).status).toBe(200)
    expect(await ann.session()).toEqual({ userId: 'ann', n: 1 })
  })

  it('R101: a bound session in a store that is held ends with the store in trouble as well', async () => {
    const troubled = spyOn({ store: new MemoryStore() })
    const { site, ann } = await open(troubled.options)
    const held = await hold(site.sessions as never, ann.copy().visitor)
    await turns()
    troubled.fail(() => {
      throw new Error('down')
    })
    await pass(LIFETIME + 200)
    expect(await endOf(held.signal)).toMatch('bound to a device')
  })

  it('R101: a held session that was opened before its registration lives a lifetime longer', async () => {
    const site = createBoundSite({ store: new MemoryStore(), recheckEvery: LIFETIME / 2 })
    const ann = site.browser()
    const offered = offeredIn(await ann.get('/login'))
    const held = await hold(site.sessions as never, ann.copy().visitor)
    await pass(LIFETIME * 2)
    expect(held.signal.aborted).toBe(false)
    expect((await ann.register(ann.device.register(offered))).status).toBe(200)
    await pass(LIFETIME - 1)
    expect(held.signal.aborted).toBe(false)
    await pass(200)
    expect(await endOf(held.signal)).toMatch('bound to a device')
  })

  it('R101: a held session that was opened by a request under way at the registration lives no longer', async () => {
    const site = createBoundSite({ store: new MemoryStore(), recheckEvery: NEVER })
    const ann = site.browser()
    const offered = offeredIn(await ann.get('/login'))
    const late = ann.copy()
    await ann.register(ann.device.register(offered))
    await pass(UNDER_WAY - 1)
    const held = await hold(site.sessions as never, late.visitor)
    await pass(LIFETIME - UNDER_WAY)
    expect(held.signal.aborted).toBe(false)
    await pass(200)
    expect(held.signal.aborted).toBe(true)
  })

  it('R101: a held session that is bound to no device is not looked at for that', async () => {
    const site = createBoundSite({ store: new MemoryStore(), recheckEvery: NEVER })
    const ann = site.browser()
    await ann.get('/login')
    const held = await hold(site.sessions as never, ann.visitor)
    await pass(LIFETIME * 10)
    expect(held.signal.aborted).toBe(false)
    expect(await held.update((data) => Object.assign(data, { n: 1 }))).toEqual({ userId: 'ann', n: 1 })
  })
})
