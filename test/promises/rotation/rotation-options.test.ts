import {
  ContextStore,
  MemoryStore,
  session,
  SESSION_EVENTS,
  type SessionOptions,
  type Store,
} from 'koa-session-service'
import { createApp } from '../../support/app/app'
import { createSite } from '../../support/app/site'

const owner: SessionOptions['owner'] = ({ user }) => user as string
const store = new MemoryStore()
const plain: Store = { get: () => undefined, set: () => undefined, destroy: () => undefined }
const GOOD: SessionOptions = { store, owner, rotateEvery: 60_000 }

const REFUSED: [string, SessionOptions, RegExp][] = [
  ['without an owner', { ...GOOD, owner: undefined }, /Add the option "owner"/],
  ['for a session in its cookie', { ...GOOD, store: undefined }, /keep it in a "store"/],
  ['on a store without conditional writes', { ...GOOD, store: plain }, /writes on a condition/],
  ['where no request ends with a commit', { ...GOOD, autoCommit: false }, /Leave "autoCommit" out/],
  ['for less than a minute', { ...GOOD, rotateEvery: 59_999 }, /60,000 at least, not 59999/],
  ['for what is no number', { ...GOOD, rotateEvery: '60000' as never }, /60,000 at least/],
  ['with another onReplay', { ...GOOD, onReplay: 'ask' as never }, /'end' or 'report', not "ask"/],
  ['for onReplay alone', { store, owner, onReplay: 'report' }, /Add "rotateEvery"/],
]

test.each(REFUSED)('R114: rotateEvery is refused at construction %s', (_title, options, message) => {
  const make = (): unknown => session(options, createApp())
  expect(make).toThrow(
    expect.objectContaining({ code: 'ERR_SESSION_OPTIONS', message: expect.stringMatching(message) as string }),
  )
})

test('R114: rotateEvery is taken with a store that writes on a condition, and with either onReplay', () => {
  for (const onReplay of [undefined, 'end', 'report'] as const) {
    expect(() => session({ ...GOOD, onReplay }, createApp())).not.toThrow()
  }
  expect(SESSION_EVENTS).toContain('replayed')
})

test('R114: a store of a class that cannot write on a condition is refused when it is first used', async () => {
  class PlainStore extends ContextStore {
    get(): undefined {}
    set(): void {}
    destroy(): void {}
  }
  const site = createSite(
    { owner, rotateEvery: 60_000, ContextStore: PlainStore },
    { '/in': (ctx) => (ctx.session.user = 'ann') },
  )
  expect((await site.visitor.get('/in')).status).toBe(500)
  expect(site.errors).toMatchObject([{ code: 'ERR_SESSION_OPTIONS' }])
})

test('R116: an id that ends like a token is refused', async () => {
  const genid = (): string => `id~${'a'.repeat(52)}`
  const site = createSite({ store: new MemoryStore(), genid }, { '/in': (ctx) => (ctx.session.user = 'ann') })
  expect((await site.visitor.get('/in')).status).toBe(500)
  expect(site.errors).toMatchObject([{ code: 'ERR_SESSION_BAD_ID' }])
})
