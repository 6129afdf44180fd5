import assert from 'node:assert/strict'
import type { Awaitable } from '../base/awaitable'
import { isEndStore } from '../contracts/end-store'
import { isConditional, isOwnerIndexed, isTouchable } from '../contracts/store'
import { describeConditional, describeDestroyAt } from './conditional-writes'
import { describeContract } from './every-store'
import { describeEnds } from './ends'
import { checkRunner, findRunner } from './find-runner'
import { fixtureOf, type MadeStore, type StoreFixture } from './made-store'
import { describeOwner, describeOwnerChanges, describeOwnerMarks } from './owner-index'
import { patient } from './patient'
import { newKey, type CapableStore, type TestedStore, type TestRunner } from './tested-store'
import { describeTouch, describeTouchAt } from './touch'

export type { MadeStore, StoreFixture } from './made-store'
export type { TestRunner } from './tested-store'

/** What a store can do beside the three methods of every store. */
export type StoreCapability = 'conditional' | 'touch' | 'owner' | 'ends'

/** The parts of the contract, and what a store must be able to do for them. */
const PARTS: [title: string, needed: StoreCapability[], define: (it: TestRunner['it'], test: TestedStore) => void][] = [
  ['every store', [], describeContract],
  ['conditional writes', ['conditional'], describeConditional],
  ['conditional writes', ['conditional'], describeDestroyAt],
  ['touch', ['touch'], describeTouch],
  ['touch', ['conditional', 'touch'], describeTouchAt],
  ['index by owner', ['owner'], describeOwner],
  ['index by owner', ['owner'], describeOwnerMarks],
  ['index by owner', ['conditional', 'owner'], describeOwnerChanges],
  ['ends', ['ends'], describeEnds],
]

/** The options of {@link describeSessionStore}. */
export interface DescribeOptions {
  /** What the store is meant to be able to do. Default: nothing beside `get`, `set` and `destroy`. */
  capabilities?: readonly StoreCapability[]
  /**
   * The functions of the test runner. Default: those of the runner that is running: jest, vitest and mocha, with and without
   * globals, and `node:test`.
   */
  runner?: TestRunner
}

/**
 * Tests a session store: every sentence of the contract, and what it can do beside it. Under jest, vitest, mocha and
 * `node:test`. Each test gets a store of its own from `make`, which may share a server: keys are never used twice.
 * From `koa-session-service/testing`.
 *
 * @param make returns the store, or `{ store, stop }` where there is something to stop after each test; may be async
 *
 * @example
 * describeSessionStore('MemoryStore', () => new MemoryStore(), { capabilities: ['conditional', 'touch', 'owner', 'ends'] })
 *
 * @throws {TypeError} where it cannot tell which runner is running: hand it over as `runner`
 */
export function describeSessionStore(
  name: string,
  make: () => Awaitable<MadeStore>,
  { capabilities = [], runner }: DescribeOptions = {},
): void {
  const { describe, beforeEach, afterEach, ...found } = runner === undefined ? findRunner() : checkRunner(runner)
  const it = patient(found.it)
  const test = {} as TestedStore
  let fixture: StoreFixture | undefined

  describe(`session store ${name}`, () => {
    beforeEach(async () => {
      fixture = undefined
      fixture = fixtureOf(await make())
      test.store = fixture.store as CapableStore
      test.key = newKey()
    })
    afterEach(async () => {
      await fixture?.stop?.()
    })

    it('can do what it is said to be able to do', async () => {
      const { store } = test
      const abilities = {
        conditional: isConditional(store),
        touch: isTouchable(store),
        owner: isOwnerIndexed(store),
        ends: isEndStore(store),
      }
      const names = (Object.keys(abilities) as StoreCapability[]).filter((capability) => abilities[capability])
      assert.deepEqual(names.sort(), [...capabilities].sort())
    })
    for (const [title, needed, define] of PARTS) {
      if (needed.every((capability) => capabilities.includes(capability))) describe(title, () => define(it, test))
    }
  })
}
