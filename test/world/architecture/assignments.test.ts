import { foreignWrites, foreignWritesIn } from './assignments'

/** Where another object's field is written all the same, and why. A new place needs a better reason than an old one has. */
const ALLOWED: Record<string, readonly string[]> = {
  'it is what the object is for: the application, Node or Koa reads it there': [
    'base/context-slot.ts: (ctx as unknown as Record<symbol, T>)[this.#key]',
    'cookies/keep-cookies.ts: ctx.onerror',
    'cookies/keep-cookies.ts: res[KEPT]',
    'handlers/accessor.ts: (ctx as unknown as Record<string, unknown>)[property]',
    'handlers/accessor.ts: (sessionOf(ctx, requirements) as unknown as Record<string, unknown>)[key]',
    'request/context-properties.ts: source.sessionIn(this).session',
    'request/cross-site-session.ts: super.session',
    'request/outside/outside-request.ts: headers[name]',
    'service.ts: data[key]',
    'testing-helpers/fake-clock.ts: globalThis.Date',
  ],
  'a setter of the same name hands it on to whose it is': [
    'request/session/once-call.ts: session.maxAge',
    'session/session-model.ts: SessionModel.inner(this).host.maxAge',
  ],
  'the data of a session are written in place, since a handler may hold them': [
    'session/session-model.ts: (session as unknown as Dictionary)[key]',
    'session/session-model.ts: data[key]',
    'session/session-model.ts: inner.aside',
  ],
  'a message to listeners of tracing channels is filled in while the work goes on': [
    'base/tracing.ts: trace.error',
    'base/tracing.ts: trace.outcome',
    'request/tracing/traced-backend.ts: trace.attempts',
    'request/tracing/traced-backend.ts: trace.bytes',
    'request/tracing/traced-backend.ts: trace.outcome',
    'request/tracing/traced-owners.ts: trace.outcome',
    'request/tracing/traced-persistence.ts: trace.kind',
    'request/tracing/traced-persistence.ts: trace.outcome',
    'request/tracing/traced-persistence.ts: trace.session',
    'request/tracing/traced-scope.ts: trace.kind',
    'request/tracing/traced-scope.ts: trace.outcome',
    'request/tracing/tracer.ts: this.#current.attempts',
    'request/tracing/tracer.ts: this.#current.bytes',
    'request/tracing/tracer.ts: this.#current.lost',
  ],
  'an entry of a list, a heap or a search that is private to its file': [
    'base/deadlines.ts: after.before',
    'base/deadlines.ts: before.after',
    'base/deadlines.ts: call.after',
    'base/deadlines.ts: call.before',
    'base/deadlines.ts: last.after',
    'cookies/cookie-header.ts: found.isCut',
    'cookies/signatures.ts: search.isComplete',
    'cookies/signatures.ts: search.left',
    'request/scope/turn.ts: place.users',
    'stores/memory/expiry-heap.ts: item.place',
    'stores/memory/expiry-heap.ts: this.#items[place]',
    'stores/adapters/keyv-store.ts: told.count',
    'stores/adapters/keyv-store.ts: told.last',
    'stores/memory/memory-entries.ts: ends.older',
    'stores/memory/memory-entries.ts: ends.older.newer',
    'stores/memory/memory-entries.ts: entry.newer',
    'stores/memory/memory-entries.ts: entry.older',
    'stores/memory/memory-entries.ts: entry.until',
    'stores/memory/memory-entries.ts: newer.older',
    'stores/memory/memory-entries.ts: older.newer',
    'stores/memory/memory-store.ts: entry.expire',
    'stores/layered/readings.ts: reading.isOutdated',
    'stores/layered/readings.ts: result.isOutdated',
    'transports/cookie-transport.ts: exchange.isWritten',
    'transports/cookie-transport.ts: exchange.signature',
    'transports/cookie-transport.ts: exchange.signer',
    'transports/cookie-transport.ts: exchange.value',
    'transports/cookie-transport.ts: this.#stateOf(ctx).isWritten',
  ],
  'a context that was made for one call is completed before it': [
    'backends/store-backend.ts: context.revision',
    'backends/store-backend.ts: context.text',
    'backends/store-guard.ts: error.cause',
    'conformance/describe-session-store.ts: test.key',
    'conformance/describe-session-store.ts: test.store',
    'conformance/touch.ts: context.at.expire',
    'request/commit/put-back.ts: context.keepsLife',
    'request/commit/write-record.ts: context.keepsLife',
    'request/scope/request-scope.ts: context.knowsSecrets',
  ],
  'left to be mended: the state of what is written belongs to whoever writes it': [
    'request/session/commits.ts: state.settled',
    'request/session/session-state.ts: state.session',
    'watch/watch.ts: group.isLooking',
    'watch/watch.ts: group.isOutdated',
    'watch/watch.ts: group.lookAt',
  ],
}

const allowed = Object.values(ALLOWED).flat()
const found = Array.from(new Set(foreignWrites()))

test('no source writes a field of another object, but for the writes that are listed', () => {
  expect(found.filter((write) => !allowed.includes(write))).toEqual([])
})

test('every write to a field of another object that is listed is still there', () => {
  expect(allowed.filter((write) => !found.includes(write))).toEqual([])
})

test('device/ and handlers/ keep what they know in values', () => {
  const isThere = (write: string): boolean => /^(device|handlers)\//.test(write)
  expect(found.filter(isThere).filter((write) => !write.startsWith('handlers/accessor.ts'))).toEqual([])
})

const inFunction = (body: string): string => `class A { static all = 0; one = 0; of(given: any) { ${body} } }`

test.each([
  ['a field of a parameter', 'given.one = 1', 'given.one'],
  ['a field of what a parameter has', 'given.one.two = 1', 'given.one.two'],
  ['an entry of a parameter', 'given[0] = 1', 'given[0]'],
  ['a field of what a call returned', 'const found = find(); found.one = 1', 'found.one'],
  ['a field of a part of another object', 'const { one } = given; one.two = 1', 'one.two'],
  ['a field of what a field holds', 'this.one.two = 1', 'this.one.two'],
  ['a field behind a cast', '(given as { one: number }).one = 1', '(given as { one: number }).one'],
  ['a field by another operator', 'given.one ??= 1', 'given.one'],
  ['a field by counting', 'given.one++', 'given.one'],
  ['a field by counting down', '--given.one', 'given.one'],
  ['a field by taking it away', 'delete given.one', 'given.one'],
  ['a field of what a function around has made', 'const made = {}; return () => { made.one = 1 }', 'made.one'],
  ["another class's static field", 'B.all = 1', 'B.all'],
])('a write to %s is found', (_what, body, target) => {
  expect(foreignWritesIn('a.ts', inFunction(body))).toEqual([`a.ts: ${target}`])
})

test.each([
  ["one's own field", 'this.one = 1'],
  ["one's own field by counting", 'this.one++'],
  ["a static field of one's own class", 'A.all++'],
  ['a field of a literal', 'const made = { one: 0 }; made.one = 1'],
  ['a field of a literal behind a cast', 'const made = {} as B; made.one = 1'],
  ['an entry of a new list', 'const made = []; made[0] = 1'],
  ['a field of a new object', 'const made = new B(); made.one = 1'],
  ['a field of a copy', 'const made = Object.fromEntries(given); made.one = 1'],
  ['a variable', 'let one = 0; one = 1; one++'],
  ["a field of Koa's answer", 'ctx.status = 403; ctx.body = {}'],
])('a write to %s is allowed', (_what, body) => {
  expect(foreignWritesIn('a.ts', inFunction(body))).toEqual([])
})
