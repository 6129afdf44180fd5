import { MemoryStore } from 'koa-session-service'
import { describeSessionStore } from 'koa-session-service/testing'
import { fixtureOf } from '../../../src/conformance/made-store'

test('R82: make may return the store itself, or a store that has to be stopped', () => {
  const store = new MemoryStore()
  const stop = (): void => undefined
  expect(fixtureOf(store)).toEqual({ store })
  expect(fixtureOf({ store, stop })).toEqual({ store, stop })
  const wrapping = Object.assign(new MemoryStore(), { store: 'a name' })
  expect(fixtureOf(wrapping).store).toBe(wrapping)
})

test.each([
  ['nothing', undefined],
  ['null', null],
  ['an object', {}],
  ['a fixture with an object', { store: {} }],
  ['a number', 5],
  ['a fixture with a store that cannot destroy', { store: { get() {}, set() {} } }],
])('R82: an answer of make that is no store is refused: %s', (_what, made) => {
  expect(() => fixtureOf(made)).toThrow('takes a function "make" that returns a store')
})

test.each([
  [{}, 'describe, it, beforeEach, afterEach'],
  [null, 'describe, it, beforeEach, afterEach'],
  [{ describe, it }, 'beforeEach, afterEach'],
])('R82: a runner without the functions is refused by their names: %p', (runner, missing) => {
  const describeIt = () => describeSessionStore('any', () => new MemoryStore(), { runner: runner as never })
  expect(describeIt).toThrow(TypeError)
  expect(describeIt).toThrow(`has no ${missing}.`)
})
