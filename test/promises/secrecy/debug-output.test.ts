import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { MemoryStore } from 'koa-session-service'
import { PlainStore } from '../../support/backends/backends'
import { createGate } from '../../support/races/gate'
import { createSite, nextTurn, type Site } from '../../support/app/site'

const run = promisify(execFile)

const mockLines: string[] = []
jest.mock('node:util', () => {
  const util = jest.requireActual<typeof import('node:util')>('node:util')
  return {
    ...util,
    debuglog:
      (section: string) =>
      (text: string, ...values: unknown[]) =>
        mockLines.push(`${section}: ${util.format(text, ...values)}`),
  }
})

const ID = 'an-id-that-nobody-may-read'
const SECRET = 'a-secret-that-nobody-may-read'

beforeEach(() => mockLines.splice(0))

/** Signs in, and lets every kind of thing happen to the session that is logged. */
async function live(site: Site) {
  const { visitor } = site
  await visitor.get('/login')
  await visitor.get('/')
  await visitor.get('/late')
  visitor.jar.values.set('koa.sess', 'an-id-of-no-session')
  await visitor.get('/')
  await nextTurn()
}

test.each([
  ['MemoryStore', () => new MemoryStore()],
  ['plain store', () => new PlainStore()],
  ['signed cookie', () => undefined],
])('D18: what is logged holds no id and no data with %s', async (_, store) => {
  let accepted = true
  let count = 0
  const site = createSite(
    { store: store(), genid: () => `${ID}-${++count}`, signed: false, valid: () => accepted },
    {
      '/login': (ctx) => (ctx.session.secret = SECRET),
      '/late': (ctx) => {
        ctx.session.other = SECRET
        ctx.respond = false
        ctx.res.end('too late')
      },
    },
  )
  await live(site)
  accepted = false
  await site.visitor.get('/login')
  await live(site)
  const log = mockLines.join('\n')
  for (const name of ['headersSent', 'invalid']) expect(log).toContain(`koa-session-service: ${name}: `)
  expect(log).not.toContain(ID)
  expect(log).not.toContain(SECRET)
  expect(log).not.toContain(Buffer.from(SECRET).toString('base64').slice(0, 12))
  expect(log).not.toContain('an-id-of-no-session')
})

test('D18: a session is told from others by a short hash of its id', async () => {
  const store = new MemoryStore()
  const site = createSite(
    { store, genid: () => ID, signed: false },
    {
      '/login': (ctx) => (ctx.session.secret = SECRET),
      '/slow': async (ctx) => {
        ctx.session.user = 'alice'
        await gate.pass()
      },
    },
  )
  const gate = createGate()
  await site.visitor.get('/login')
  const slow = site.visitor.get('/slow')
  await gate.reached
  store.destroy(ID)
  gate.open()
  await slow
  expect(mockLines.join('\n')).toMatch(/gone: [\w-]{8}$/)
})

test.each(['store', 'cookie'])(
  'R41: R120: NODE_DEBUG=koa-session-service prints a line a request, events and fingerprints, and no id and no data of a session in a %s',
  async (place) => {
    const script = join(__dirname, 'debug-session.ts')
    const { stdout, stderr } = await run(process.execPath, ['-r', 'ts-node/register/transpile-only', script, place], {
      env: { ...process.env, NODE_DEBUG: 'koa-session-service', NODE_ENV: 'development' },
    })
    const { tokens, secret } = JSON.parse(stdout) as { tokens: string[]; secret: string }
    expect(tokens.length).toBeGreaterThan(1)
    expect(stderr).toMatch(/KOA-SESSION-SERVICE \d+: (missed|invalid): ([\w-]{8}|none)/)
    const lines = stderr.match(/KOA-SESSION-SERVICE \d+: GET https:\S+ 200 \| \S+: .* \| session: .* \| told: /g)
    expect(lines).toHaveLength(6)
    // A sealed cookie begins with its version and the tag of its key: eight characters that are in every one.
    const parts = tokens.map((token) => (place === 'cookie' ? token.slice(8, 16) : token.slice(0, 8)))
    for (const word of [secret, ...parts]) expect(stderr).not.toContain(word)
  },
  30_000,
)
