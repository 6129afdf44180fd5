import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { Consumer } from './consumer'
import { ENVIRONMENT, MODULES, PackedProject } from './packed'

jest.setTimeout(120_000)

/** One test of what the store can do, and those of the contract and of each capability. */
const TESTS = 75

const SUITE = `
  const { MemoryStore } = store
  const { describeSessionStore } = testing
  class Forgetful extends MemoryStore {
    get() {}
  }
  const newStore = () => (process.env.BROKEN ? new Forgetful() : new MemoryStore())
  const make = process.env.WITH_STOP ? async () => ({ store: newStore(), stop: async () => {} }) : newStore
  describeSessionStore('MemoryStore', make, { capabilities: ['conditional', 'touch', 'owner', 'ends'], ...options })
`
const IMPORTED = `import * as store from 'koa-session-service'
  import * as testing from 'koa-session-service/testing'`
const REQUIRED = `const store = require('koa-session-service'), testing = require('koa-session-service/testing')`
const DEFAULTS = 'const options = {}'

const packed = new PackedProject()
const packages = [...Object.keys(packed.manifest.dependencies), 'koa', 'vitest', 'mocha', '@jest/globals']
const consumer = new Consumer('runners', 'module', packed, Object.fromEntries(packages.map((name) => [name, name])))
consumer.write('found.spec.mjs', `${IMPORTED}\n${DEFAULTS}\n${SUITE}`)
consumer.write('found.spec.cjs', `${REQUIRED}\n${DEFAULTS}\n${SUITE}`)
for (const runner of ['vitest', 'mocha', 'node:test']) {
  const name = runner.replace(/\W/g, '')
  consumer.write(
    `${name}.spec.mjs`,
    `import * as runner from '${runner}'\n${IMPORTED}\nconst options = { runner }\n${SUITE}`,
  )
}
for (const injectGlobals of [true, false]) {
  const config = {
    testMatch: ['**/found.spec.*'],
    moduleFileExtensions: ['js', 'cjs', 'mjs'],
    transform: {},
    injectGlobals,
  }
  consumer.write(`jest-${injectGlobals}.json`, JSON.stringify(config))
}
// Somebody else's runner: it has no functions that could be found.
consumer.write('node_modules/other/bin/run.mjs', 'await import(process.argv[2])')
consumer.write('in-worker.mjs', `import { Worker } from 'node:worker_threads'\nnew Worker(process.argv[2])`)

const mocha = join(MODULES, 'mocha/bin/mocha.js')
const vitest = [join(MODULES, 'vitest/vitest.mjs'), 'run']
const jestBin = join(MODULES, 'jest/bin/jest.js')
const node = ['--test', '--test-reporter=tap']

/** How each of them is started, and how it tells that so many tests have passed. */
const RUNNERS: [name: string, parameters: string[], passed: RegExp][] = [
  ['mocha', [mocha, 'found.spec.mjs'], /(\d+) passing/],
  ['mocha, CommonJS', [mocha, 'found.spec.cjs'], /(\d+) passing/],
  ['mocha without these globals', [mocha, '--ui', 'tdd', 'found.spec.mjs'], /(\d+) passing/],
  ['mocha, imported', [mocha, '--ui', 'tdd', 'mocha.spec.mjs'], /(\d+) passing/],
  ['vitest with globals', [...vitest, '--globals', 'found.spec.mjs'], /Tests +(\d+) passed/],
  ['vitest without globals', [...vitest, 'found.spec.mjs'], /Tests +(\d+) passed/],
  ['vitest in threads', [...vitest, '--pool', 'threads', 'found.spec.mjs'], /Tests +(\d+) passed/],
  ['vitest, imported', [...vitest, 'vitest.spec.mjs'], /Tests +(\d+) passed/],
  ['node:test', [...node, 'found.spec.mjs'], /# pass (\d+)/],
  ['node:test, CommonJS', [...node, 'found.spec.cjs'], /# pass (\d+)/],
  ['node:test, imported', [...node, 'nodetest.spec.mjs'], /# pass (\d+)/],
  ['node:test in a plain script', ['found.spec.mjs'], /(?:#|ℹ) pass (\d+)/],
  ['jest', [jestBin, '--config', 'jest-true.json', 'found.spec.cjs'], /Tests: +(\d+) passed/],
  ['jest without globals', [jestBin, '--config', 'jest-false.json', 'found.spec.cjs'], /Tests: +(\d+) passed/],
  [
    'jest with ES modules, without globals',
    ['--experimental-vm-modules', jestBin, '--config', 'jest-false.json', 'found.spec.mjs'],
    /Tests: +(\d+) passed/,
  ],
]

function run(parameters: string[], environment: object = {}): { status: number | null; output: string } {
  const env = { ...ENVIRONMENT, ...environment, NO_COLOR: '1' }
  const { status, stdout, stderr } = spawnSync(process.execPath, parameters, { cwd: consumer.folder, env })
  return { status, output: `${stdout.toString()}${stderr.toString()}` }
}

test.each(RUNNERS)('R82: the conformance suite runs under %s, and a good store passes', (_name, parameters, passed) => {
  const { status, output } = run(parameters, { WITH_STOP: parameters.length % 2 === 0 ? '1' : '' })
  expect(passed.exec(output)?.[1] ?? output).toBe(String(TESTS))
  expect(status).toBe(0)
})

test.each(RUNNERS)('R82: a store that forgets fails under %s', (_name, parameters) => {
  const { status, output } = run(parameters, { BROKEN: '1' })
  expect(output).toContain('get returns the record that was set')
  expect(status).not.toBe(0)
})

test.each([
  ['that it does not know', ['node_modules/other/bin/run.mjs', join(consumer.folder, 'found.spec.mjs')]],
  ['that it does not know, in a worker', ['in-worker.mjs', './found.spec.mjs']],
])('R82: the conformance suite fails under a runner %s, and says what to hand over', (_name, parameters) => {
  const { status, output } = run(parameters)
  expect(output).toContain('describeSessionStore() does not know which test runner is running.')
  expect(output).toContain("import * as runner from 'vitest'")
  expect(status).not.toBe(0)
})
