import fc from 'fast-check'
import { MemoryStore, type SessionOptions } from 'koa-session-service'
import { isWithLifetime, withLifetime, type RecordLifetime } from '../../../src/session/record'
import { createSessionApp } from '../../support/app/session-app'
import { spyOn } from '../../support/spies/spy-on'

/** Keys that mean something elsewhere: to the session, to records, to objects, or to the order of keys. */
const key = fc.oneof(
  fc.constantFrom('maxAge', 'isNew', 'save', 'length', '10', '2', '', 'é', '\ud800', '💡', 'constructor', 'toString'),
  fc.string({ unit: 'grapheme', maxLength: 4 }).filter((text) => !text.startsWith('_')),
)
const inner = fc.dictionary(fc.oneof(key, fc.constantFrom('_expire', '_x', '__proto__')), fc.jsonValue(), {
  maxKeys: 4,
})
const data = fc.dictionary(key, fc.oneof(fc.jsonValue({ maxDepth: 2 }), inner), { maxKeys: 5 })

const time = fc.integer({ min: 0, max: 4_000_000_000_000 })
const lifetime: fc.Arbitrary<RecordLifetime> = fc.record(
  { _expire: time, _session: fc.constant(true as const), _maxAge: time, _idle: time, _created: time },
  { requiredKeys: [] },
)

describe('isWithLifetime answers whether withLifetime would make the same text', () => {
  const agree = (recordText: string, dataText: string, life: RecordLifetime): void =>
    expect(isWithLifetime(recordText, dataText, life)).toBe(withLifetime(dataText, life) === recordText)

  test('R18: isWithLifetime tells of a record that was made of the same data or of others, in the same lifetime or in another', () => {
    fc.assert(
      fc.property(data, data, lifetime, lifetime, (one, other, its, another) => {
        const dataText = JSON.stringify(one)
        const recordText = withLifetime(dataText, its)
        expect(JSON.parse(recordText)).toEqual({ ...(JSON.parse(dataText) as object), ...its })
        expect(isWithLifetime(recordText, dataText, its)).toBe(true)
        agree(recordText, dataText, another)
        agree(recordText, JSON.stringify(other), its)
      }),
      { numRuns: 300 },
    )
  })

  test('R18: isWithLifetime tells of a record that differs in one place whether it would be the same text', () => {
    const edit = fc.constantFrom('', '0', '}', '"', ',', '{}')
    fc.assert(
      fc.property(data, lifetime, fc.nat(), fc.nat(2), edit, (one, its, at, length, replacement) => {
        const dataText = JSON.stringify(one)
        const text = withLifetime(dataText, its)
        const place = at % (text.length + 1)
        agree(text.slice(0, place) + replacement + text.slice(place + length), dataText, its)
      }),
      { numRuns: 500 },
    )
  })
})

beforeAll(() => void jest.spyOn(process, 'emitWarning').mockImplementation())
afterAll(() => jest.restoreAllMocks())

describe.each<[string, () => SessionOptions]>([
  ['cookie', () => ({})],
  ['MemoryStore', () => ({ store: new MemoryStore() })],
])('%s', (_, options) => {
  test.each<[string, SessionOptions]>([
    ['with a maxAge', {}],
    ["with maxAge: 'session'", { maxAge: 'session' }],
    ['with an absolute timeout', { absoluteTimeout: 1_000_000 }],
  ])(
    'R18: a record that was written, read back and not changed is not written again: %s',
    async (_, lifetimeOptions) => {
      await fc.assert(
        fc.asyncProperty(data, async (content) => {
          const all = { ...options(), ...lifetimeOptions }
          const { options: recorded, names } = all.store ? spyOn(all) : { options: all, names: [] }
          const { visitor } = createSessionApp(recorded, {
            '/write': (ctx) => {
              ctx.session = content
            },
            '/read': (ctx) => JSON.stringify(ctx.session),
          })
          const alice = visitor()
          const written = await alice.get('/write')
          expect(written.status).toBe(200)
          names.length = 0
          const { isNew, ...expected } = content
          const read = await alice.get('/read')
          if (written.setCookie.length > 0) expect(read.json()).toEqual(JSON.parse(JSON.stringify(expected)))
          expect(read.setCookie).toEqual([])
          expect(names.filter((name) => name !== 'read')).toEqual([])
        }),
        { numRuns: 150, interruptAfterTimeLimit: 20_000 },
      )
    },
  )
})
