import { transformSync } from 'esbuild'
import { Consumer } from '../package/consumer'
import { PackedProject } from '../package/packed'
import { bundle, BUNDLERS, minified, type Bundler } from './bundle'

jest.setTimeout(120_000)

/**
 * The most that the README's first program may have more than Koa alone, in bytes. 100 KB is what is aimed at. It is not reached,
 * since an option may be a plain value, and a store an object of three methods: what serves them is in every bundle. So are the
 * verbs of the service, `once()` among them, and what says why a session is what it is: NODE_DEBUG is heard wherever the code runs.
 */
const MAX_SIZE = 211_000
/** The most that one small class may take. */
const MAX_ERROR_SIZE = 2000
/** What each door needs beside Koa. */
const PEERS: Record<string, string[]> = {
  'routing-controllers': ['routing-controllers'],
  typedi: ['typedi', 'reflect-metadata'],
  kysely: ['kysely'],
}

const all = Object.keys(BUNDLERS) as Bundler[]
/** Those that need no second for a bundle. */
const quick = all.filter((bundler) => bundler.startsWith('esbuild'))
/** What routing-controllers requires where an option asks for it. */
const CORS = ['cors', '@koa/cors']

const packed = new PackedProject()
const dependencies = Object.keys(packed.manifest.dependencies)
const doors = packed.subpaths.filter((path) => path.includes('/'))
const consumer = consumerWith('bundles', [])

const program = firstProgram()
consumer.write('readme.mjs', program)

function consumerWith(name: string, peers: string[]): Consumer {
  const names = ['koa', ...dependencies, ...peers]
  return new Consumer(name, 'commonjs', packed, Object.fromEntries(names.map((each) => [each, each])))
}

/** The README's, without its types, on a free port that it prints. */
function firstProgram(): string {
  const [, code = ''] =
    /```ts\n(import Koa from 'koa'\nimport { session } from [^]*?)```/.exec(packed.read('README.md')) ?? []
  const listen = "const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port))"
  expect(code).toContain('app.listen(3000)')
  return transformSync(code.replace('app.listen(3000)', listen), { loader: 'ts' }).code
}

test.each(all)("R92: %s bundles the README's first program, and the bundle counts", async (bundler) => {
  const seen = await consumer.visit(bundle(consumer, bundler, 'readme.mjs'))
  expect(seen).toEqual(['1 views', '2 views', '3 views', '3 views', '4 views', '5 views', '6 views'])
})

test.each(quick)("R92: the README's first program counts as well after %s has minified it", async (bundler) => {
  const seen = await consumer.visit(bundle(consumer, bundler, 'readme.mjs', { minify: true }))
  expect(seen).toEqual(['1 views', '2 views', '3 views', '3 views', '4 views', '5 views', '6 views'])
})

describe('a KyselyStore', () => {
  const visitor = consumerWith('bundle-dialects', ['kysely'])
  visitor.write(
    'dialects.mjs',
    `import { Kysely, MysqlDialect, PostgresDialect, SqliteDialect } from 'kysely'
      import { KyselyStore } from 'koa-session-service/kysely'
      const dialects = [MysqlDialect, PostgresDialect, SqliteDialect]
      for (const Dialect of dialects) new KyselyStore(new Kysely({ dialect: new Dialect({}) }))
      console.log(dialects.length)`,
  )

  test.each(quick)('R92: a KyselyStore that %s has minified knows its database', (bundler) => {
    expect(visitor.run(bundle(visitor, bundler, 'dialects.mjs', { minify: true }))).toBe('3\n')
  })
})

test.each(quick)('R92: classes keep their names for errors and traces in what %s has minified', (bundler) => {
  consumer.write(
    'names.mjs',
    `import Koa from 'koa'
      import session, { LayeredStore, MemoryStore, SessionService } from 'koa-session-service'
      class Own extends SessionService {}
      const stores = [MemoryStore, LayeredStore].map((type) => type.name)
      const app = Object.assign(new Koa(), { keys: ['a secret of at least thirty-two bytes'] })
      const { sessions } = session({ store: new MemoryStore() }, app)
      let message
      try {
        sessions.id(new Koa().createContext({ headers: {} }, {}))
      } catch (error) {
        message = error.message
      }
      console.log(JSON.stringify([stores, message, Own.name === 'SessionService']))`,
  )
  const [stores, message, isInherited] = JSON.parse(
    consumer.run(bundle(consumer, bundler, 'names.mjs', { minify: true })),
  ) as [string[], string, boolean]
  expect(stores).toEqual(['MemoryStore', 'LayeredStore'])
  expect(message).toContain('This app has no SessionService.')
  expect(isInherited).toBe(false)
})

test('R92: the size that the package adds to a bundle of Koa is bounded', () => {
  const alone = "import Koa from 'koa'\nnew Koa().use(console.log).listen()"
  const size = minified(consumer, 'whole.mjs', program) - minified(consumer, 'alone.mjs', alone)
  expect(size).toBeLessThan(MAX_SIZE)
})

test('R92: a bundle that uses one small class of the package has little more than that class', () => {
  expect(minified(consumer, 'nothing.mjs', "import 'koa-session-service'")).toBeLessThan(MAX_ERROR_SIZE)
  const code = "import { SessionError } from 'koa-session-service'\nconsole.log(SessionError)"
  expect(minified(consumer, 'error.mjs', code)).toBeLessThan(MAX_ERROR_SIZE)
})

describe.each(doors)('%s', (path) => {
  const door = path.slice(path.indexOf('/') + 1)
  const visitor = consumerWith(`bundle-${door}`, PEERS[door] ?? [])
  const expected = `const names = Object.keys(door).filter((name) => name !== 'default' && name !== '__esModule')
    console.log(JSON.stringify(names.sort()))`
  visitor.write('imported.mjs', `import * as door from '${path}'\n${expected}`)
  visitor.write('required.cjs', `const door = require('${path}')\n${expected}`)

  test.each(quick)(`R92: %s bundles ${path} with its own peer alone`, (bundler) => {
    const names = visitor.evaluate('commonjs', `print(Object.keys(require('${path}')).sort())`)
    for (const entry of ['imported.mjs', 'required.cjs']) {
      expect(JSON.parse(visitor.run(bundle(visitor, bundler, entry, { external: CORS })))).toEqual(names)
    }
  })
})

test.each(all)('R92: %s makes one copy of every class of what is imported and what is required', (bundler) => {
  consumer.write('other.cjs', "module.exports = [require('koa-session-service'), require('koa-session-service/redis')]")
  consumer.write(
    'both.mjs',
    `import session, * as all from 'koa-session-service'
      import { RedisStore } from 'koa-session-service/redis'
      import other from './other.cjs'
      const [required, redis] = other
      const names = Object.keys(all).filter((name) => name !== 'default' && all[name] !== required[name])
      console.log(JSON.stringify([typeof required, session === required, RedisStore === redis.RedisStore, names]))`,
  )
  const same = JSON.parse(consumer.run(bundle(consumer, bundler, 'both.mjs'))) as unknown
  expect(same).toEqual(['function', true, true, []])
})
