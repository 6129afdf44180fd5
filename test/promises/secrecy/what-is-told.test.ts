import Keygrip from 'keygrip'
import { hardened, MemoryStore, type HardenedOptions, type SessionOptions } from 'koa-session-service'
import type { Visitor } from '../../support/app/app'
import { PlainStore, SEALING_KEYS } from '../../support/backends/backends'
import { startClock, stopClock } from '../../support/clock'
import { interceptStore } from '../../support/spies/intercept'
import { createSessionApp, type Action, type SessionApp } from '../../support/app/session-app'
import { Ears } from '../../support/spies/ears'

const HTTPS = { 'x-forwarded-proto': 'https' }
const NAME = '__Host-Http-session'
const SECRET = 'what-only-the-visitor-knows'
const MINUTE = 60 * 1000

/** Where sessions rest, and which events can be there. */
const PLACES: [string, () => HardenedOptions, string[]][] = [
  [
    'MemoryStore',
    () => ({ store: new MemoryStore() }),
    ['conflict', 'ended', 'error', 'expired', 'gone', 'headersSent', 'invalid', 'missed'],
  ],
  [
    'plain store',
    () => ({ store: new PlainStore() }),
    ['ended', 'error', 'expired', 'headersSent', 'invalid', 'missed'],
  ],
  ['sealed cookie', () => ({ keys: SEALING_KEYS }), ['expired', 'headersSent', 'invalid', 'missed']],
]

/** A hardened app that can be brought into every kind of trouble. */
class Scene {
  readonly tokens = new Set<string>()
  readonly served: SessionApp
  readonly ears: Ears
  isStoreFull = false
  meanwhile: () => Promise<unknown> = async () => undefined

  constructor(options: HardenedOptions) {
    const settings = hardened({ ...options, valid: (ctx) => ctx.query.refuse === undefined })
    this.served = createSessionApp(options.store ? this.#fillable(settings) : settings, this.#actions)
    this.served.app.proxy = true
    this.ears = new Ears(this.served)
  }

  async go(visitor: Visitor, path: string): Promise<void> {
    const { body, headers, setCookie } = await visitor.get(path, HTTPS)
    for (const line of setCookie) this.tokens.add(/^__Host-Http-session=([^;]*)/.exec(line)?.[1] ?? '')
    this.tokens.delete('')
    if (path !== '/') this.ears.note(body)
    this.ears.note({ ...headers, 'set-cookie': undefined })
  }

  async newcomer(): Promise<Visitor> {
    const visitor = this.served.visitor()
    await this.go(visitor, `/set?data=${SECRET}&_private=${SECRET}&save=${SECRET}`)
    return visitor
  }

  get #actions(): Record<string, Action> {
    return {
      '/change': async (ctx) => {
        ctx.session.own = SECRET
        await this.meanwhile()
      },
      '/change-late': (ctx) => {
        ctx.res.flushHeaders()
        ctx.session.late = SECRET
      },
      '/change-and-throw': (ctx) => {
        ctx.session.own = `${SECRET}!`
        throw new Error('the handler failed')
      },
      '/bigint': (ctx) => {
        ctx.session.big = { [SECRET]: 1n, text: SECRET }
      },
      '/max-age-text': (ctx) => {
        ctx.session.maxAge = -1
      },
    }
  }

  #fillable(options: SessionOptions): SessionOptions {
    return interceptStore(options, ({ method, proceed }) => {
      if (this.isStoreFull && /create|replace|set/.test(method)) throw new Error('the disk is full')
      return proceed()
    })
  }
}

/** Presents an id that nobody has, or a record that nobody sealed, with a good signature. */
function forger(scene: Scene): Visitor {
  const visitor = scene.served.visitor()
  const value = 'an-id-that-nobody-has-0123456789'
  visitor.jar.values.set(NAME, value)
  visitor.jar.values.set(`${NAME}.sig`, new Keygrip(['a test key']).sign(`${NAME}=${value}`))
  scene.tokens.add(value)
  return visitor
}

async function liveThroughAll(scene: Scene): Promise<void> {
  const clock = stopClock()
  const leaver = await scene.newcomer()
  await scene.go(leaver, '/regenerate')
  const old = leaver.jar.copy()
  await scene.go(leaver, '/logout')
  await scene.go(scene.served.visitor(old), '/')
  await scene.go(forger(scene), '/')
  for (const path of ['/?refuse', '/change-late', '/bigint', '/max-age-text']) {
    await scene.go(await scene.newcomer(), path)
  }
  for (const path of ['/logout', '/set?theirs=1']) {
    const visitor = await scene.newcomer()
    const other = scene.served.visitor(visitor.jar.copy())
    scene.meanwhile = () => scene.go(other, path)
    await scene.go(visitor, '/change')
    scene.meanwhile = async () => undefined
  }
  const unlucky = await scene.newcomer()
  scene.isStoreFull = true
  await scene.go(unlucky, '/change-and-throw')
  await scene.go(unlucky, '/change')
  scene.isStoreFull = false
  const sleeper = await scene.newcomer()
  clock.advance(30 * MINUTE + 1000)
  await scene.go(sleeper, '/')
  await new Promise(setImmediate)
}

/** The version, the flags and the tag of the key: what every sealed cookie begins with, and opens nothing. */
const HEADER_LENGTH = 8

/** The first eight characters of whatever in a token is secret: of an id, of the secret behind it, of what is sealed. */
function partsOf(token: string): string[] {
  const isSealed = token.length > 100
  const secrets = isSealed ? [token.slice(HEADER_LENGTH)] : token.split('~')
  return secrets.map((secret) => secret.slice(0, 8))
}

describe.each(PLACES)('a hardened app: %s', (_name, place, events) => {
  afterEach(() => {
    startClock()
    jest.restoreAllMocks()
  })

  it('R41: logs, warnings, events, errors and answers of a hardened app carry no id and no data', async () => {
    const scene = new Scene(place())
    await liveThroughAll(scene)
    expect([...scene.ears.events].sort()).toEqual(events)
    expect(scene.tokens.size).toBeGreaterThan(6)
    expect(scene.ears.heardOf(SECRET)).toEqual([])
    for (const token of scene.tokens) expect(partsOf(token).flatMap((part) => scene.ears.heardOf(part))).toEqual([])
  })
})
