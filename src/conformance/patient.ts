import type { TestRunner } from './tested-store'

/** How long a test may take that waits for a record to expire, on a machine that has other things to do: milliseconds. */
const LIMIT = 30_000

/** What mocha gives to a test as `this`. */
interface MochaContext {
  timeout?(milliseconds: number): unknown
}

/** The same `it`, with the time that these tests may need: jest and vitest are told behind the test, mocha in it. */
export function patient(it: TestRunner['it']): TestRunner['it'] {
  const define = it as (title: string, test: () => Promise<void>, limit: number) => unknown
  return (title, test) =>
    define(
      title,
      function (this: MochaContext | undefined) {
        this?.timeout?.(LIMIT)
        return test()
      },
      LIMIT,
    )
}
