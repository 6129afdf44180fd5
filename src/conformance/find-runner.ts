import { isMainThread } from 'node:worker_threads'
import type { TestRunner } from './tested-store'

/** The names of a runner's functions; mocha's are others in its interfaces "tdd" and "qunit". */
const FUNCTIONS = ['describe', 'it', 'beforeEach', 'afterEach'] as const

/**
 * The functions of the runner that is running.
 *
 * A runner is not guessed: with the functions of one that is not running, a suite would run nowhere, and its file would pass.
 *
 * @throws {TypeError} where no runner can be told
 */
export function findRunner(): TestRunner {
  const found = [globalThis, vitest, jestGlobals, mochaModule, nodeTest]
    .map((candidate) => (typeof candidate === 'function' ? candidate() : candidate))
    .find(isRunner)
  if (found) return found
  throw new TypeError(
    'describeSessionStore() does not know which test runner is running. Hand over its functions: ' +
      "import * as runner from 'vitest' (or '@jest/globals', 'node:test'), and " +
      'describeSessionStore(name, make, { runner }).',
  )
}

/** Throws where an object is not what a suite can be described with. */
export function checkRunner(runner: TestRunner): TestRunner {
  const missing = FUNCTIONS.filter((name) => typeof (runner as Partial<TestRunner> | null)?.[name] !== 'function')
  if (missing.length === 0) return runner
  throw new TypeError(
    `The "runner" of describeSessionStore() has no ${missing.join(', ')}. It takes an object with the functions ` +
      `${FUNCTIONS.join(', ')}: import * as runner from 'vitest', for example.`,
  )
}

function isRunner(value: unknown): value is TestRunner {
  return FUNCTIONS.every((name) => typeof (value as Partial<TestRunner> | undefined)?.[name] === 'function')
}

/** Without `globals: true`, vitest has its functions here: it is what `import.meta.vitest` is. It cannot be required. */
function vitest(): unknown {
  return (globalThis as { __vitest_index__?: unknown }).__vitest_index__
}

/** With `injectGlobals: false`, jest hands out its functions by this module, which fails anywhere else. */
function jestGlobals(): unknown {
  if (process.env.JEST_WORKER_ID === undefined || !canRequire()) return undefined
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- only jest has it
    return require('@jest/globals')
  } catch {
    return undefined
  }
}

/** Whatever its interface is, mocha has its functions on the module: on the copy that is running, which was loaded first. */
function mochaModule(): TestRunner | undefined {
  if (!canRequire()) return undefined
  const path = Object.keys(require.cache).find((name) => /[\\/]mocha[\\/]lib[\\/]mocha\.js$/.test(name))
  if (path === undefined) return undefined
  const { describe, it, beforeEach, afterEach } = require.cache[path]?.exports as TestRunner
  return { describe, it, beforeEach, afterEach }
}

/** Node's own runner runs in any process, and counts in those that it was started in, or a file of the user's. */
function nodeTest(): unknown {
  if (!isNodeTest() && !isPlainScript()) return undefined
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- only where no other runner is there
  return canRequire() ? require('node:test') : process.getBuiltinModule?.('node:test')
}

/** A bundler may have put this into an ES module. */
function canRequire(): boolean {
  return typeof require === 'function'
}

function isNodeTest(): boolean {
  return process.env.NODE_TEST_CONTEXT !== undefined || process.execArgv.some((flag) => flag.startsWith('--test'))
}

/** Where another runner has started this process, what was started is its own program, or this is its worker. */
function isPlainScript(): boolean {
  const script = process.argv[1]
  return isMainThread && script !== undefined && !/[\\/](node_modules|bin)[\\/]/.test(script)
}
