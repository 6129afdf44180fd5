import { accessFields, accessOf, openById, rotate, withoutAccess } from '../../../src/session/access'
import { deviceField, deviceOf, type BoundKey } from '../../../src/session/bound-key'
import { isWithLifetime, withLifetime } from '../../../src/session/record'
import { makeToken } from '../../../src/session/token'

const device: BoundKey = { id: 'id', algorithm: 'ES256', key: 'key', since: 1, used: 2 }
const record = { a: 1, _expire: 5, _device: deviceField(device) }

it('R77: a record keeps its device, as text too', () => {
  const { device: read } = accessOf(record)
  expect(read).toEqual(device)
  expect(accessFields(accessOf(record))).toEqual({ _device: record._device })
  const text = withLifetime('{"a":1}', record)
  expect(JSON.parse(text)).toEqual(record)
  expect(isWithLifetime(text, '{"a":1}', record)).toBe(true)
})

it.each([
  ['hygiene', false, device],
  ['a change of hands', true, undefined],
])('R77: the device of a record is kept or dropped by a rotation for %s', (_why, isNewGeneration, expected) => {
  const next = rotate(makeToken('id', { withSecret: true }), accessOf(record), { isNewGeneration, now: 10 })
  expect(next.device).toEqual(expected)
})

it('R77: a process that knows no secrets reads no bound record, and no data tell of the device', () => {
  expect(openById(record, { knowsSecrets: false })).toBeUndefined()
  expect(withoutAccess(record)).toEqual({ a: 1, _expire: 5 })
})

it.each([
  [null],
  ['key'],
  [{}],
  [[]],
  [['id', 'ES256', 'key', 1]],
  [['', 'ES256', 'key', 1, 2]],
  [['id', 'none', 'key', 1, 2]],
  [['id', 'ES256', 5, 1, 2]],
  [['id', 'ES256', 'key', '1', 2]],
])('R77: a record that says %j is bound, and nothing proves it', (field) => {
  expect(deviceOf(field)).toMatchObject({ key: '', used: Infinity })
  expect(accessOf({ _device: field as never }).device).toBeDefined()
})
