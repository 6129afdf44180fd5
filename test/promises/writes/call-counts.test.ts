import { MemoryStore, type SessionOptions } from 'koa-session-service'
import { PlainStore } from '../../support/backends/backends'
import { createSessionApp, type Action } from '../../support/app/session-app'
import { cookieNames } from '../../support/set-cookie'
import { spyOn } from '../../support/spies/spy-on'

/** Bodies of text: Koa serializes nothing for these. */
const ACTIONS: Record<string, Action> = {
  '/read': (ctx) => String(ctx.session.user),
  '/write': (ctx) => (ctx.session.user = 'bob'),
  '/ask': async (ctx, sessions) => String((await sessions.load(ctx))?.user),
}

interface Case {
  does: string
  path: string
  options?: SessionOptions
  /** The visitor has no session. */
  isNew?: true
  memory: string[]
  plain: string[]
  /** Whether the response sets the cookie and its signature. */
  isTold: boolean
}

const CASES: Case[] = [
  { does: 'no session, untouched', path: '/plain', isNew: true, memory: [], plain: [], isTold: false },
  { does: 'no session, read', path: '/read', isNew: true, memory: [], plain: [], isTold: false },
  { does: 'a new session', path: '/write', isNew: true, memory: ['create'], plain: ['set'], isTold: true },
  { does: 'untouched', path: '/plain', memory: ['read'], plain: ['get'], isTold: false },
  { does: 'read', path: '/read', memory: ['read'], plain: ['get'], isTold: false },
  { does: 'written', path: '/write', memory: ['read', 'replace'], plain: ['get', 'set'], isTold: true },
  { does: 'ended', path: '/logout', memory: ['read', 'destroy'], plain: ['get', 'destroy'], isTold: true },
  {
    does: 'rolling, read',
    path: '/read',
    options: { rolling: true },
    memory: ['read', 'touch'],
    plain: ['get', 'set'],
    isTold: true,
  },
  { does: 'lazy, untouched', path: '/plain', options: { lazy: true }, memory: [], plain: [], isTold: false },
  { does: 'lazy, read', path: '/ask', options: { lazy: true }, memory: ['read'], plain: ['get'], isTold: false },
]

describe.each([
  { kind: 'memory' as const, store: () => new MemoryStore() },
  { kind: 'plain' as const, store: () => new PlainStore() },
])('the calls of a $kind store', ({ kind, store }) => {
  test.each(CASES)(
    'R18: a store is called as seldom as can be: $does',
    async ({ path, options, isNew, isTold, ...expected }) => {
      const { options: recorded, names } = spyOn({ store: store() })
      const { jar } = createSessionApp(recorded).visitor()
      if (!isNew) await createSessionApp(recorded).visitor(jar).get('/set?user=alice')
      names.length = 0
      const answer = await createSessionApp({ ...recorded, ...options }, ACTIONS)
        .visitor(jar)
        .get(path)
      expect(names).toEqual(expected[kind])
      expect(cookieNames(answer)).toEqual(isTold ? ['koa.sess', 'koa.sess.sig'] : [])
    },
  )
})

describe('JSON in production: elsewhere, a search for late changes serializes once more', () => {
  beforeEach(() => void jest.replaceProperty(process, 'env', { ...process.env, NODE_ENV: 'production' }))
  afterEach(() => jest.restoreAllMocks())

  const memory = (): SessionOptions => ({ store: new MemoryStore() })
  const cookie = (): SessionOptions => ({})

  test.each<[string, () => SessionOptions, string, { parsed: number; serialized: number }]>([
    ['cookie, untouched', cookie, '/plain', { parsed: 0, serialized: 0 }],
    ['cookie, read', cookie, '/read', { parsed: 1, serialized: 1 }],
    ['cookie, written', cookie, '/write', { parsed: 1, serialized: 1 }],
    ['memory, untouched', memory, '/plain', { parsed: 1, serialized: 0 }],
    ['memory, read', memory, '/read', { parsed: 1, serialized: 1 }],
    ['memory, written', memory, '/write', { parsed: 1, serialized: 1 }],
  ])(
    'R18: the JSON of a session is parsed once, and made once where the session was used: %s',
    async (_, options, path, expected) => {
      const { visitor } = createSessionApp(options(), ACTIONS)
      const alice = visitor()
      await alice.get('/set?user=alice')
      const [parse, stringify] = [jest.spyOn(JSON, 'parse'), jest.spyOn(JSON, 'stringify')]
      const answer = await alice.get(path)
      expect({ parsed: parse.mock.calls.length, serialized: stringify.mock.calls.length }).toEqual(expected)
      expect(answer.status).toBe(200)
    },
  )
})
