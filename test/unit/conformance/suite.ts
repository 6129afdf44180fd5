import { describeSessionStore, type StoreCapability } from 'koa-session-service/testing'
import type { MemoryStore } from 'koa-session-service'
import type { CapableStore } from '../../../src/conformance/tested-store'

const CAPABILITIES: StoreCapability[] = ['conditional', 'touch', 'owner', 'ends']

/** One test of the conformance suite. */
export interface ConformanceTest {
  /** With its part in front, as in `touch: touch creates nothing`. */
  title: string
  run: () => Promise<void>
}

/** What a store does in place of what a good one would do: some of its methods. */
export type Overrides = Record<string, (...args: any[]) => unknown>

/** The tests of the suite for the stores that `make` makes, which can be run one after the other. */
export function testsFor(make: () => MemoryStore | CapableStore): ConformanceTest[] {
  const found: ConformanceTest[] = []
  const parts: string[] = []
  const [before, after]: (() => Promise<void>)[][] = [[], []]
  describeSessionStore('any', make, {
    capabilities: CAPABILITIES,
    runner: {
      describe: (title, define) => {
        parts.push(title)
        define()
        parts.pop()
      },
      it: (title, test) => {
        const run = async () => {
          for (const prepare of before) await prepare()
          await test()
          for (const clean of after) await clean()
        }
        found.push({ title: [...parts.slice(1), title].join(': '), run })
      },
      beforeEach: (prepare) => before.push(prepare),
      afterEach: (clean) => after.push(clean),
    },
  })
  return found
}

/** A store that does everything as `good` does, but for what stands in `overrides`. */
export function withFault(good: MemoryStore, overrides: Overrides): CapableStore {
  return new Proxy<CapableStore>(good, {
    get: (target, name) => {
      if (name in overrides) return overrides[String(name)]
      const member: unknown = Reflect.get(target, name, target)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}
