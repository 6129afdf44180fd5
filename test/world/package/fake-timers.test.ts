import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { Consumer } from './consumer'
import { ENVIRONMENT, MODULES, PackedProject } from './packed'

jest.setTimeout(120_000)

/** Signs in, out everywhere and in again; then asks a store that never answers, while the timers are set forward. */
const CHECKS = `
exports.signIn = async ({ session, MemoryStore }, { visit }, Koa) => {
  const app = Object.assign(new Koa(), { keys: ['a long random secret'], silent: true })
  const { sessions } = session({ store: new MemoryStore(), owner: (data) => data.user }, app)
  await visit(sessions, { user: 'ada' })
  await sessions.revokeAll({ owner: 'ada' })
  const ada = await visit(sessions, { user: 'ada' })
  return (await ada.session())?.user
}
exports.wait = async ({ session }, { visit }, Koa, advance) => {
  const app = Object.assign(new Koa(), { keys: ['a long random secret'], silent: true })
  const never = () => new Promise(() => undefined)
  const { sessions } = session({ store: { get: never, set: never, destroy: never } }, app)
  let ended = 'waiting'
  const visiting = visit(sessions, { user: 'ada' }).catch(({ code }) => (ended = code))
  for (let turn = 0; turn < 100; turn++) await undefined
  const seen = []
  for (const milliseconds of [9_000, 1_000]) {
    await advance(milliseconds)
    for (let turn = 0; turn < 100; turn++) await undefined
    seen.push(ended)
  }
  return seen.join()
}
`
const RIGHT = { signedIn: 'ada', waited: 'waiting,ERR_SESSION_STORE' }
const RUN = `
const { signIn, wait } = require('./checks.cjs')
const run = async (advance) => {
  const parts = [require('koa-session-service'), require('koa-session-service/testing'), require('koa')]
  return { signedIn: await signIn(...parts), waited: await wait(...parts, advance) }
}
`
/** What a runner's own test asks for. */
const EXPECT = `expect(await run(advance)).toEqual(${JSON.stringify(RIGHT)})`

const packed = new PackedProject()
const packages = [...Object.keys(packed.manifest.dependencies), 'koa', 'vitest', '@sinonjs/fake-timers']
const consumer = new Consumer('fakes', 'module', packed, Object.fromEntries(packages.map((name) => [name, name])))
consumer.write('checks.cjs', CHECKS)

const JEST = `${RUN}
const advance = (milliseconds) => jest.advanceTimersByTime(milliseconds)
if (process.env.LOAD_FIRST) require('koa-session-service')`
consumer.write('globally.spec.cjs', `${JEST}\ntest('it', async () => { ${EXPECT} })`)
for (const kind of ['', '{ legacyFakeTimers: true }']) {
  const name = kind ? 'legacy' : 'modern'
  consumer.write(`${name}.spec.cjs`, `${JEST}\ntest('it', async () => { jest.useFakeTimers(${kind}); ${EXPECT} })`)
}
for (const enableGlobally of [true, false]) {
  const config = { testMatch: ['**/*.spec.cjs'], moduleFileExtensions: ['js', 'cjs'], fakeTimers: { enableGlobally } }
  consumer.write(`jest-${enableGlobally}.json`, JSON.stringify({ ...config, transform: {} }))
}

const NAMES = `['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate', 'Date', 'performance', 'hrtime']`
consumer.write(
  'vitest.spec.mjs',
  `import { createRequire } from 'node:module'
  import { expect, test, vi } from 'vitest'
  const require = createRequire(import.meta.url)
  ${RUN}
  if (process.env.LOAD_FIRST) require('koa-session-service')
  test('it', async () => {
    vi.useFakeTimers({ toFake: ${NAMES} })
    const advance = (milliseconds) => vi.advanceTimersByTime(milliseconds)
    ${EXPECT}
  })`,
)
const PLAIN = `${RUN}
if (process.env.LOAD_FIRST) require('koa-session-service')
const { deepEqual } = require('node:assert/strict')
const pass = async (advance) => deepEqual(await run(advance), ${JSON.stringify(RIGHT)})`
consumer.write(
  'sinon.cjs',
  `${PLAIN}
  const clock = require('@sinonjs/fake-timers').install({ toFake: ${NAMES} })
  pass((milliseconds) => clock.tick(milliseconds)).then(() => console.log('1 passed'))`,
)
consumer.write(
  'node.cjs',
  `${PLAIN}
  const { mock } = require('node:test')
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate', 'Date'] })
  pass((milliseconds) => mock.timers.tick(milliseconds)).then(() => console.log('1 passed'))`,
)

const jestBin = join(MODULES, 'jest/bin/jest.js')
const FAKES: [name: string, parameters: string[]][] = [
  ['jest, for all tests', [jestBin, '--config', 'jest-true.json', 'globally.spec.cjs']],
  ['jest', [jestBin, '--config', 'jest-false.json', 'modern.spec.cjs']],
  ['jest, the legacy ones', [jestBin, '--config', 'jest-false.json', 'legacy.spec.cjs']],
  ['vitest', [join(MODULES, 'vitest/vitest.mjs'), 'run', 'vitest.spec.mjs']],
  ['sinon', ['sinon.cjs']],
  ['node:test', ['node.cjs']],
]

const BEFORE = ['before it was loaded', ''] as const
const AFTER = ['after it was loaded', '1'] as const

describe.each(FAKES)('with the fake timers of %s', (name, parameters) => {
  const moments = name === 'jest, for all tests' ? [BEFORE] : [BEFORE, AFTER]
  it.each(moments)(
    `R91: sign-ins count with the timers of ${name}, put in %s, and a store is waited for as they say`,
    (_when, first) => {
      const env = { ...ENVIRONMENT, NO_COLOR: '1', LOAD_FIRST: first }
      const { stdout, stderr } = spawnSync(process.execPath, parameters, { cwd: consumer.folder, env, timeout: 60_000 })
      expect(`${stdout.toString()}${stderr.toString()}`).toMatch(/1 passed/)
    },
  )
})
