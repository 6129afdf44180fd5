import { MemoryStore, type SessionOptions, type SessionRecord } from 'koa-session-service'
import { hashToken } from '../../../src/session/token'
import { startClock, stopClock } from '../../support/clock'
import { backendsWith } from '../../support/backends/backends'
import { idOf, tokenOf } from '../../support/races/racing-app'
import { createSessionApp, type Action } from '../../support/app/session-app'
import { spyOn } from '../../support/spies/spy-on'

/** How long a token that was rotated away counts as one of a request under way, in milliseconds. */
const LATE_MS = 10_000

const CONDITIONAL = backendsWith({ isConditional: true })
const owner: SessionOptions['owner'] = ({ user }) => user as string | undefined
const WRITES = ['create', 'replace', 'touch', 'set']

const UPGRADES: [string, SessionOptions][] = [
  ['hashTokens', { hashTokens: true }],
  ['owner', { owner }],
  ['hashTokens and rolling', { hashTokens: true, rolling: true }],
  ['hashTokens and lazy', { hashTokens: true, lazy: true }],
]

const LOADED: Record<string, Action> = {
  '/': async (ctx, sessions) => (await sessions.load(ctx)) ?? '',
  '/set': async (ctx, sessions) => void Object.assign((await sessions.load(ctx)) ?? {}, ctx.query),
  '/sent': async (ctx, sessions) => {
    const session = await sessions.load(ctx)
    ctx.status = 200
    ctx.res.flushHeaders()
    return session?.toJSON()
  },
}

/** A session from before the option, and an app over the same store with the option on. */
async function open(options: SessionOptions, more: SessionOptions) {
  const { options: recorded, calls, names } = spyOn(options)
  const visitorBefore = createSessionApp(recorded).visitor()
  await visitorBefore.get('/set?user=ann')
  const served = createSessionApp({ ...recorded, ...more }, LOADED)
  const bare = visitorBefore.jar
  const ann = served.visitor(bare.copy())
  calls.length = names.length = 0
  return { ...served, recorded, bare, ann, writes: () => names.filter((name) => WRITES.includes(name)) }
}

function recordOf({ store }: SessionOptions, id: string): SessionRecord | undefined {
  return (store as MemoryStore).read(id)?.record
}

afterEach(startClock)

describe.each(CONDITIONAL)('upgrade: $name', ({ options }) => {
  it.each(UPGRADES)(
    'R53: a session from before %s is given a secret in its next response, once',
    async (_name, more) => {
      const { ann, bare, writes, recorded } = await open(options(), { ...more, rolling: false })
      const { setCookie } = await ann.get('/')
      expect(setCookie.filter((line) => line.startsWith('koa.sess='))).toHaveLength(1)
      expect(tokenOf(ann)).not.toBe(bare.values.get('koa.sess'))
      expect(idOf(ann)).toBe(bare.values.get('koa.sess'))
      expect(recordOf(recorded, idOf(ann))?._secret).toBe(hashToken(tokenOf(ann)))
      expect(writes()).toEqual(['replace'])
      const { setCookie: second, body } = await ann.get('/')
      expect({ second, data: JSON.parse(body) as unknown }).toEqual({ second: [], data: { user: 'ann' } })
      expect(writes()).toEqual(['replace'])
    },
  )

  it.each(UPGRADES)(
    'R53: the bare id of a session from before %s is late for ten seconds, and dead then',
    async (...args) => {
      const clock = stopClock()
      const { ann, bare, visitor } = await open(options(), args[1])
      await ann.get('/')
      clock.advance(LATE_MS - 1)
      const late = visitor(bare.copy())
      expect((await late.get('/')).json()).toEqual({})
      const { setCookie } = await visitor(bare.copy()).get('/set?late=1')
      expect(setCookie).toEqual([])
      clock.advance(1)
      expect((await visitor(bare.copy()).get('/logout')).status).toBe(200)
      expect((await ann.get('/')).json()).toEqual({ user: 'ann' })
    },
  )

  it('R53: a logout with the bare id within those ten seconds ends the session', async () => {
    const clock = stopClock()
    const { ann, bare, visitor } = await open(options(), { hashTokens: true })
    await ann.get('/')
    clock.advance(LATE_MS - 1)
    await visitor(bare.copy()).get('/logout')
    expect((await ann.get('/')).json()).toEqual({})
  })

  it.each(UPGRADES)(
    'R53: a response that is under way gives no secret, and the next one does (%s)',
    async (_name, more) => {
      const { ann, bare, recorded } = await open(options(), { ...more, rolling: false })
      expect((await ann.get('/sent')).status).toBe(200)
      expect(recordOf(recorded, bare.values.get('koa.sess') as string)?._secret).toBeUndefined()
      expect((await ann.get('/')).json()).toEqual({ user: 'ann' })
      expect(recordOf(recorded, bare.values.get('koa.sess') as string)?._secret).toBe(hashToken(tokenOf(ann)))
    },
  )

  it.each(UPGRADES)('R53: a session that was given a secret still needs it without %s again', async (_name, more) => {
    const { ann, bare, recorded } = await open(options(), more)
    await ann.get('/')
    const { visitor } = createSessionApp(recorded)
    expect((await visitor(bare.copy()).get('/')).json()).toEqual({})
    expect((await visitor(ann.jar.copy()).get('/')).json()).toEqual({ user: 'ann' })
    const store = recorded.store as MemoryStore
    expect(store.get(idOf(ann))).toBeUndefined()
  })
})

describe.each(CONDITIONAL)('upgrade at once: $name', ({ options }) => {
  it('R53: two requests that come at once leave the browser with a token that opens the session', async () => {
    const { ann, bare, visitor } = await open(options(), { hashTokens: true })
    const shown = await Promise.all([ann, visitor(ann.jar), visitor(ann.jar)].map((browser) => browser.get('/')))
    expect(shown.map(({ status }) => status)).toEqual([200, 200, 200])
    expect((await ann.get('/')).json()).toEqual({ user: 'ann' })
    expect((await visitor(bare.copy()).get('/')).json()).toEqual({})
  })
})
