import { withLifetime } from '../../../src/session/record'
import {
  nextTenure,
  NO_TENURE,
  tenureFields,
  tenureOf,
  type Tenure,
  type TenureChange,
} from '../../../src/session/tenure'
import { handleOf, hashToken } from '../../../src/session/token'

const NOW = 1_000_000
const PHONE = { agent: 'phone' }
/** Somebody who signed in on a phone, and confirmed later. */
const ANN: Tenure = {
  signIn: { order: 7, at: 100, mark: 3 },
  confirmed: [200, 'password'],
  seen: 300,
  device: PHONE,
}
/** What the store says at a sign-in. */
const SEEN = { order: 9, mark: 8 }
/** A write by whom the session belongs to already, where their sessions can be listed. */
const SAME: TenureChange = {
  owner: 'ann',
  isSignIn: false,
  confirms: undefined,
  isHandedOn: false,
  order: undefined,
  sighting: { device: PHONE },
  now: NOW,
}

type Row = [what: string, before: Tenure, change: Partial<TenureChange>, after: Partial<Tenure>]

const ROWS: Row[] = [
  ['a sign-in', NO_TENURE, { isSignIn: true, order: SEEN }, { signIn: { ...SEEN, at: NOW }, confirmed: [NOW] }],
  ['a change of account', ANN, { isSignIn: true, order: SEEN }, { signIn: { ...SEEN, at: NOW }, confirmed: [NOW] }],
  ['a write', ANN, {}, { signIn: ANN.signIn, confirmed: ANN.confirmed }],
  ['confirm()', ANN, { confirms: { method: undefined } }, { signIn: ANN.signIn, confirmed: [NOW] }],
  ['confirm({ method })', ANN, { confirms: { method: 'key' } }, { confirmed: [NOW, 'key'] }],
  ['a sign-in with a method', NO_TENURE, { isSignIn: true, confirms: { method: 'key' } }, { confirmed: [NOW, 'key'] }],
  ['confirm() where a sign-in is not known', NO_TENURE, { confirms: { method: 'key' } }, { signIn: undefined }],
  ['a write where it is not known', NO_TENURE, {}, { signIn: undefined, confirmed: undefined }],
  ['another device', ANN, { sighting: { device: { agent: 'laptop' } } }, { seen: NOW, device: { agent: 'laptop' } }],
  ['no device any more', ANN, { sighting: { device: undefined } }, { seen: NOW, device: undefined }],
  [
    'nobody can list them',
    ANN,
    { sighting: undefined },
    { seen: undefined, device: undefined, confirmed: ANN.confirmed },
  ],
  [
    'a sign-in that nobody can list',
    ANN,
    { isSignIn: true, sighting: undefined },
    { signIn: undefined, confirmed: [NOW] },
  ],
  ['a sign-out', ANN, { owner: undefined, isSignIn: true, sighting: undefined }, NO_TENURE],
]

/** Without the option `owner`, nobody says whose a session is. */
const NOBODYS: Partial<TenureChange> = { owner: undefined, sighting: undefined }
const CONFIRMED: Tenure = { ...NO_TENURE, confirmed: [200, 'password'] }
const WITHOUT_OWNERS: Row[] = [
  ['a write', NO_TENURE, NOBODYS, NO_TENURE],
  ['confirm()', NO_TENURE, { ...NOBODYS, confirms: { method: 'key' } }, { confirmed: [NOW, 'key'] }],
  ['a write after it', CONFIRMED, NOBODYS, CONFIRMED],
  ['regenerate() after it', CONFIRMED, { ...NOBODYS, isHandedOn: true }, NO_TENURE],
  [
    'confirm() hands on too',
    CONFIRMED,
    { ...NOBODYS, isHandedOn: true, confirms: { method: undefined } },
    { confirmed: [NOW] },
  ],
]

describe('how an owner uses a session, after a write', () => {
  it.each(ROWS)('R66, R69: %s', (_what, before, change, after) => {
    expect(nextTenure(before, { ...SAME, ...change })).toMatchObject(after)
  })

  it.each(WITHOUT_OWNERS)('R69: without owners: %s', (_what, before, change, after) => {
    expect(nextTenure(before, { ...SAME, ...change })).toEqual({ ...NO_TENURE, ...after })
  })
})

describe('what a record keeps of it', () => {
  it.each([
    NO_TENURE,
    ANN,
    CONFIRMED,
    { ...ANN, device: undefined },
    { ...ANN, signIn: undefined, confirmed: undefined },
  ])('R66: is read as it was written: %j', (tenure) => {
    const fields = tenureFields(tenure)
    expect(tenureOf(JSON.parse(JSON.stringify(fields)) as object)).toEqual(tenure)
    expect(JSON.parse(withLifetime('{"user":"ann"}', { _expire: 1, ...fields }))).toEqual({
      user: 'ann',
      _expire: 1,
      ...(JSON.parse(JSON.stringify(fields)) as object),
    })
  })

  it('R66: is nothing where there is nothing to say, so that the record is koa-session’s', () => {
    expect(tenureFields(NO_TENURE)).toEqual({})
    expect(tenureOf({ _expire: 1 })).toBe(NO_TENURE)
  })

  it.each([
    { _owned: 'x' },
    { _owned: [1] },
    { _owned: [1, 'x'] },
    { _confirmed: 7 },
    { _confirmed: ['x'] },
    { _confirmed: [1, 2] },
    { _seen: 'x', _seenBy: 'x' },
    { _seen: 1, _seenBy: null },
  ])('R66: never fails on what is wrong in it: %j', (record) => {
    const { signIn, confirmed, device } = tenureOf(record as object)
    expect([signIn, confirmed, device]).toEqual([undefined, undefined, undefined])
  })
})

describe('a handle', () => {
  it('R66: is the same for the same id, says nothing of it, and is no hash of a token', () => {
    const [one, other] = [handleOf('id-1'), handleOf('id-2')]
    expect(handleOf('id-1')).toBe(one)
    expect(one).not.toBe(other)
    expect(one).toMatch(/^[\w-]{43}$/)
    expect(one).not.toBe(hashToken('id-1'))
  })
})
