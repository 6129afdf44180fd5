import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { Consumer } from './consumer'
import { ENVIRONMENT, MODULES, PackedProject } from './packed'

jest.setTimeout(120_000)

/** One test of what the store can do, and those of the contract and of each capability. */
const TESTS = 56

const SUITE = `
  const { MemoryStore } = store
  const { describeSessionStore } = testing
  class Forgetful extends MemoryStore {
    get() {}
  }
  const make = () => ({ store: process.env.BROKEN ? new Forgetful() : new MemoryStore() })
  describeSessionStore('MemoryStore', make, { capabilities: ['conditional', 'touch', 'owner'], ...options })
`
const IMPORTED = `import * as store from 'koa-session-service'
  import * as testing from 'koa-session-service/testing'`
const REQUIRED = `const store = require('koa-session-service'), testing = require('koa-session-service/testing')`
const DEFAULTS = 'const options = {}'

const packed = new PackedProject()
const packages = [...Object.keys(packed.manifest.dependencies), 'koa', 'vitest']
const consumer = new Consumer('runners', 'module', packed, Object.fromEntries(packages.map((name) => [name, name])))
consumer.write('globals.spec.mjs', `${IMPORTED}\n${DEFAULTS}\n${SUITE}`)
consumer.write('globals.spec.cjs', `${REQUIRED}\n${DEFAULTS}\n${SUITE}`)
consumer.write(
  'imported.spec.mjs',
  `import * as runner from 'vitest'\n${IMPORTED}\nconst options = { runner }\n${SUITE}`,
)
consumer.write(
  'jest.config.json',
  JSON.stringify({ testMatch: ['**/*.spec.cjs'], moduleFileExtensions: ['js', 'cjs'] }),
)

const mocha = join(MODULES, 'mocha/bin/mocha.js')
const vitest = join(MODULES, 'vitest/vitest.mjs')
const jestBin = join(MODULES, 'jest/bin/jest.js')

/** How each of them is started, and how it tells that so many tests have passed. */
const RUNNERS: [name: string, parameters: string[], passed: RegExp][] = [
  ['mocha', [mocha, 'globals.spec.mjs'], /(\d+) passing/],
  ['vitest, with globals', [vitest, 'run', '--globals', 'globals.spec.mjs'], /Tests +(\d+) passed/],
  ['vitest, with imports', [vitest, 'run', 'imported.spec.mjs'], /Tests +(\d+) passed/],
  ['node:test', ['--test', '--test-reporter=tap', 'globals.spec.mjs'], /# pass (\d+)/],
  ['node:test, required', ['--test', '--test-reporter=tap', 'globals.spec.cjs'], /# pass (\d+)/],
  ['jest', [jestBin, '--config', 'jest.config.json'], /Tests: +(\d+) passed/],
]

function run(parameters: string[], environment: object = {}): { status: number | null; output: string } {
  const env = { ...ENVIRONMENT, ...environment, NO_COLOR: '1' }
  const { status, stdout, stderr } = spawnSync(process.execPath, parameters, { cwd: consumer.folder, env })
  return { status, output: `${stdout.toString()}${stderr.toString()}` }
}

test.each(RUNNERS)('R52: under %s the conformance suite runs, and a good store passes', (_name, parameters, passed) => {
  const { status, output } = run(parameters)
  expect(passed.exec(output)?.[1] ?? output).toBe(String(TESTS))
  expect(status).toBe(0)
})

test.each(RUNNERS.filter(([name]) => !name.includes(',') || name.endsWith('globals')))(
  'R52: under %s a store that forgets fails',
  (_name, parameters) => {
    const { status, output } = run(parameters, { BROKEN: '1' })
    expect(output).toContain('get returns the record that was set')
    expect(status).not.toBe(0)
  },
)
