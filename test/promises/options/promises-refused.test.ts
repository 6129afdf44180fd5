import { MemoryStore, SessionService, type SessionOptions } from 'koa-session-service'
import { createSite, type Handlers } from '../../support/app/site'

/** What was asked of the promises: one that is rejected, and that nobody has asked for its failure, ends the process. */
let asked: unknown[]
const later = () => ({ then: (...callbacks: unknown[]) => void asked.push(callbacks[1]) }) as never
const fails = () => Promise.reject(new Error('down'))
const stored = (options: SessionOptions) => ({ store: new MemoryStore(), ...options })
const down = { get: fails, set: fails, destroy: fails }
const owner = ({ user }: Record<string, unknown>) => user as string

const HANDLERS: Handlers = {
  '/sign-in': (ctx) => (ctx.session.user = 'ann'),
  '/fail': (ctx) => {
    ctx.session.user = 'ann'
    throw new Error('the handler')
  },
  '/once': (ctx) => SessionService.of(ctx).once('key', () => (ctx.body = 'worked'), { needed: later }, ctx),
}
type Refused = [name: string, options: SessionOptions, path: string, code?: string]
const REFUSED: Refused[] = [
  ['needed', stored({}), '/once'],
  ['owner', stored({ owner: later }), '/sign-in'],
  ['device', stored({ owner, device: later }), '/sign-in'],
  ['idleTimeout', { idleTimeout: later }, '/sign-in'],
  ['absoluteTimeout', { absoluteTimeout: later }, '/sign-in'],
  ['ends.by', { ends: { store: new MemoryStore(), by: later } }, '/sign-in'],
  ['encode', { encode: later }, '/sign-in'],
  ['commitOnError', stored({ commitOnError: later }), '/fail'],
  ['onStoreError', { store: down, onStoreError: later, signed: false }, '/sign-in'],
  ['sameSite', { sameSite: later }, '/sign-in', 'ERR_SESSION_OPTIONS'],
  ['crossSite.allow', { crossSite: { allow: later } }, '/sign-in', 'ERR_SESSION_OPTIONS'],
]
const HEADERS = { 'sec-fetch-site': 'cross-site', cookie: 'koa.sess=8a2f9f5e-7a4b-4a38-9d2c-1b7d9c3f5e10' }

async function expectRefusal(...[name, options, path, code = 'ERR_SESSION_BAD_VALUE']: Refused): Promise<void> {
  const { visitor, errors } = createSite(options, HANDLERS)
  expect(await visitor.post(path, undefined, HEADERS)).toMatchObject({ status: 500, body: 'Internal Server Error' })
  const message = expect.stringContaining(`"${name}"`) as string
  expect(errors).toContainEqual(expect.objectContaining({ code, message }))
  expect(asked.length).toBeGreaterThan(0)
  expect(asked).not.toContain(undefined)
}

describe('functions that answer at once', () => {
  beforeEach(() => (asked = []))

  it.each(REFUSED)('R38: a promise of "%s" is refused by name, and may fail', async (...row) => {
    await expectRefusal(...row)
  })

  it('R38: a promise of "needed" is refused by name for a session in its cookie as well', async () => {
    await expectRefusal('needed', {}, '/once')
  })
})
