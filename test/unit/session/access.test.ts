import {
  accessFields,
  accessOf,
  BY_ID,
  judge,
  LATE_MS,
  rotate,
  standingOf,
  type Access,
  type LateRequest,
  type Verdict,
} from '../../../src/session/access'
import { makeToken, type Token } from '../../../src/session/token'

const NOW = 1_000_000
const bare = makeToken('id', { withSecret: false })
const secret = (): Token => makeToken('id', { withSecret: true })
const next = (access: Access, token: Token, now = NOW, changesHands = true): Access =>
  rotate(token, access, { changesHands, now })

describe('standing', () => {
  it('R53: a bare id opens a record without a secret, and a token with one does not', () => {
    expect(standingOf(bare, BY_ID, NOW)).toEqual({ name: 'current' })
    expect(standingOf(secret(), BY_ID, NOW)).toEqual({ name: 'dead' })
  })

  it('R53: a token is current, then late for ten seconds, and then dead', () => {
    const [first, second] = [secret(), secret()]
    const access = next(next(BY_ID, first, NOW), second, NOW + 1, false)
    expect(standingOf(second, access, NOW + 1)).toEqual({ name: 'current' })
    expect(standingOf(first, access, NOW + LATE_MS)).toEqual({ name: 'late', hands: 1 })
    expect(standingOf(first, access, NOW + 1 + LATE_MS)).toEqual({ name: 'dead' })
    expect(standingOf(bare, access, NOW + LATE_MS - 1)).toEqual({ name: 'late', hands: 0 })
    expect(standingOf(bare, access, NOW + LATE_MS)).toEqual({ name: 'dead' })
    expect(standingOf(secret(), access, NOW)).toEqual({ name: 'dead' })
  })

  it('R53: what a record says of its tokens is read as it was written, and never fails', () => {
    const access = next(next(BY_ID, secret()), secret())
    expect(accessOf(JSON.parse(JSON.stringify(accessFields(access))) as object)).toEqual(access)
    expect(accessFields(BY_ID)).toEqual({})
    const odd = { _secret: 5, _hands: 1.5, _past: [['x'], 'y', null] } as unknown as object
    expect(accessOf(odd)).toEqual({ secret: undefined, hands: 0, past: [] })
  })

  it('R53: 10,000 rotations of one session keep its record small', () => {
    let access: Access = BY_ID
    for (let rotation = 0; rotation < 10_000; rotation++) access = next(access, secret(), NOW)
    expect(access.hands).toBe(10_000)
    expect(JSON.stringify(accessFields(access)).length).toBeLessThan(800)
    expect(next(access, secret(), NOW + LATE_MS).past).toHaveLength(1)
  })
})

/** A request that opened a session of nobody, which is at the same count of hands still. */
const REQUEST: LateRequest = {
  opened: { hands: 1, owner: undefined },
  isLate: false,
  owner: undefined,
  hasOwners: true,
  regenerates: false,
  confirms: false,
  found: { hands: 1, owner: undefined },
}
const GONE = { found: undefined }
const BY_ANN = { found: { hands: 2, owner: 'ann' } }
const MINE = { opened: { hands: 1, owner: 'ann' }, owner: 'ann' }

const VERDICTS: [string, Partial<LateRequest>, Verdict][] = [
  ['a change of the same hands', {}, 'merge'],
  ['a regenerate() of the same hands', { regenerates: true }, 'merge'],
  ['a sign-in of the same hands', { owner: 'ann' }, 'merge'],
  ['a change where the record is gone', GONE, 'gone'],
  ['a sign-in where the record is gone', { ...GONE, owner: 'ann' }, 'anew'],
  ['a change of who was signed in, where it is gone', { ...GONE, ...MINE }, 'gone'],
  ['a change where another has signed in', BY_ANN, 'gone'],
  ['the same sign-in where another has signed in', { ...BY_ANN, owner: 'ann' }, 'merge'],
  ['another sign-in where another has signed in', { ...BY_ANN, owner: 'bea' }, 'anew'],
  ['a sign-out where another has signed in', { ...BY_ANN, opened: { hands: 1, owner: 'bea' } }, 'gone'],
  [
    'a sign-out where others have signed out',
    { ...MINE, owner: undefined, found: { hands: 2, owner: undefined } },
    'gone',
  ],
  ['a confirm() where another of the same owner was first', { ...MINE, ...BY_ANN, confirms: true }, 'merge'],
  ['a confirm() where another owner was first', { ...MINE, confirms: true, found: { hands: 2, owner: 'bea' } }, 'gone'],
  ['a confirm() where it is gone', { ...MINE, ...GONE, confirms: true }, 'gone'],
  ['a change by who is signed in as well', { ...MINE, ...BY_ANN }, 'gone'],
  ['a change with a late token', { isLate: true }, 'gone'],
  ['a sign-in with a late token', { isLate: true, owner: 'bea', ...BY_ANN }, 'anew'],
  ['the same sign-in with a late token', { isLate: true, owner: 'ann', ...BY_ANN }, 'merge'],
  ['without owners: a change of the same hands', { hasOwners: false }, 'merge'],
  ['without owners: a change of other hands', { hasOwners: false, found: { hands: 2, owner: undefined } }, 'gone'],
  ['without owners: a sign-in of other hands', { hasOwners: false, regenerates: true, ...BY_ANN }, 'anew'],
  ['without owners: a sign-in with a late token', { hasOwners: false, regenerates: true, isLate: true }, 'anew'],
]

describe('late requests', () => {
  it.each(VERDICTS)('R12: R53: %s', (_what, request, verdict) => {
    expect(judge({ ...REQUEST, ...request })).toBe(verdict)
  })
})
