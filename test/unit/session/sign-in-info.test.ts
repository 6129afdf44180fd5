import { withLifetime } from '../../../src/session/record'
import {
  nextSignInInfo,
  NO_SIGN_IN,
  signInFields,
  signInInfoOf,
  type SignInInfo,
  type SignInChange,
} from '../../../src/session/sign-in-info'
import { handleOf, hashToken } from '../../../src/session/token'

const NOW = 1_000_000
const PHONE = { agent: 'phone' }
/** Somebody who signed in on a phone, and confirmed later. */
const ANN: SignInInfo = {
  signIn: { order: 7, at: 100, mark: 3 },
  confirmed: [200, 'password'],
  seen: 300,
  device: PHONE,
}
/** What the store says at a sign-in. */
const SEEN = { order: 9, mark: 8 }
/** A write by whom the session belongs to already, where their sessions can be listed. */
const SAME: SignInChange = {
  owner: 'ann',
  isSignIn: false,
  confirms: undefined,
  isNewGeneration: false,
  order: undefined,
  seen: { device: PHONE },
  now: NOW,
}

type Row = [what: string, before: SignInInfo, change: Partial<SignInChange>, after: Partial<SignInInfo>]

const ROWS: Row[] = [
  ['a sign-in', NO_SIGN_IN, { isSignIn: true, order: SEEN }, { signIn: { ...SEEN, at: NOW }, confirmed: [NOW] }],
  ['a change of account', ANN, { isSignIn: true, order: SEEN }, { signIn: { ...SEEN, at: NOW }, confirmed: [NOW] }],
  ['a write', ANN, {}, { signIn: ANN.signIn, confirmed: ANN.confirmed }],
  ['confirm()', ANN, { confirms: { method: undefined } }, { signIn: ANN.signIn, confirmed: [NOW] }],
  ['confirm({ method })', ANN, { confirms: { method: 'key' } }, { confirmed: [NOW, 'key'] }],
  ['a sign-in with a method', NO_SIGN_IN, { isSignIn: true, confirms: { method: 'key' } }, { confirmed: [NOW, 'key'] }],
  ['confirm() where a sign-in is not known', NO_SIGN_IN, { confirms: { method: 'key' } }, { signIn: undefined }],
  ['a write where it is not known', NO_SIGN_IN, {}, { signIn: undefined, confirmed: undefined }],
  ['another device', ANN, { seen: { device: { agent: 'laptop' } } }, { seen: NOW, device: { agent: 'laptop' } }],
  ['no device any more', ANN, { seen: { device: undefined } }, { seen: NOW, device: undefined }],
  ['nobody can list them', ANN, { seen: undefined }, { seen: undefined, device: undefined, confirmed: ANN.confirmed }],
  ['a sign-in that nobody can list', ANN, { isSignIn: true, seen: undefined }, { signIn: undefined, confirmed: [NOW] }],
  ['a sign-out', ANN, { owner: undefined, isSignIn: true, seen: undefined }, NO_SIGN_IN],
]

/** Without the option `owner`, nobody says whose a session is. */
const NOBODYS: Partial<SignInChange> = { owner: undefined, seen: undefined }
const CONFIRMED: SignInInfo = { ...NO_SIGN_IN, confirmed: [200, 'password'] }
const WITHOUT_OWNERS: Row[] = [
  ['a write', NO_SIGN_IN, NOBODYS, NO_SIGN_IN],
  ['confirm()', NO_SIGN_IN, { ...NOBODYS, confirms: { method: 'key' } }, { confirmed: [NOW, 'key'] }],
  ['a write after it', CONFIRMED, NOBODYS, CONFIRMED],
  ['regenerate() after it', CONFIRMED, { ...NOBODYS, isNewGeneration: true }, NO_SIGN_IN],
  [
    'confirm() hands on too',
    CONFIRMED,
    { ...NOBODYS, isNewGeneration: true, confirms: { method: undefined } },
    { confirmed: [NOW] },
  ],
]

describe('how an owner uses a session, after a write', () => {
  it.each(ROWS)(
    'R66, R69: a record tells after a write how its owner uses the session: %s',
    (_what, before, change, after) => {
      expect(nextSignInInfo(before, { ...SAME, ...change })).toMatchObject(after)
    },
  )

  it.each(WITHOUT_OWNERS)(
    'R69: a record without owners tells after a write what was confirmed: %s',
    (_what, before, change, after) => {
      expect(nextSignInInfo(before, { ...SAME, ...change })).toEqual({ ...NO_SIGN_IN, ...after })
    },
  )
})

describe('what a record keeps of it', () => {
  it.each([
    NO_SIGN_IN,
    ANN,
    CONFIRMED,
    { ...ANN, device: undefined },
    { ...ANN, signIn: undefined, confirmed: undefined },
  ])('R66: the use that a record keeps is read as it was written: %j', (signInInfo) => {
    const fields = signInFields(signInInfo)
    expect(signInInfoOf(JSON.parse(JSON.stringify(fields)) as object)).toEqual(signInInfo)
    expect(JSON.parse(withLifetime('{"user":"ann"}', { _expire: 1, ...fields }))).toEqual({
      user: 'ann',
      _expire: 1,
      ...(JSON.parse(JSON.stringify(fields)) as object),
    })
  })

  it("R66: a record keeps nothing of the use where there is nothing to say, so that it is koa-session's", () => {
    expect(signInFields(NO_SIGN_IN)).toEqual({})
    expect(signInInfoOf({ _expire: 1 })).toBe(NO_SIGN_IN)
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
  ])('R66: a record whose note of the use is wrong never fails: %j', (record) => {
    const { signIn, confirmed, device } = signInInfoOf(record as object)
    expect([signIn, confirmed, device]).toEqual([undefined, undefined, undefined])
  })
})

describe('a handle', () => {
  it('R66: a handle is the same for the same id, says nothing of it, and is no hash of a token', () => {
    const [one, other] = [handleOf('id-1'), handleOf('id-2')]
    expect(handleOf('id-1')).toBe(one)
    expect(one).not.toBe(other)
    expect(one).toMatch(/^[\w-]{43}$/)
    expect(one).not.toBe(hashToken('id-1'))
  })
})
