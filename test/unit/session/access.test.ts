import {
  accessFields,
  accessOf,
  BY_ID,
  decideLateWrite,
  LATE_MS,
  rotate,
  tokenStatusOf,
  type Access,
  type LateRequest,
  type LateWrite,
} from '../../../src/session/access'
import { makeToken, type Token } from '../../../src/session/token'

const NOW = 1_000_000
const bare = makeToken('id', { withSecret: false })
const secret = (): Token => makeToken('id', { withSecret: true })
const next = (access: Access, token: Token, now = NOW, isNewGeneration = true): Access =>
  rotate(token, access, { isNewGeneration, now })

describe('standing', () => {
  it('R53: a bare id opens a record without a secret, and a token with one does not', () => {
    expect(tokenStatusOf(bare, BY_ID, NOW)).toEqual({ name: 'current' })
    expect(tokenStatusOf(secret(), BY_ID, NOW)).toEqual({ name: 'dead' })
  })

  it('R53: a token is current, then late for ten seconds, and then dead', () => {
    const [first, second] = [secret(), secret()]
    const access = next(next(BY_ID, first, NOW), second, NOW + 1, false)
    expect(tokenStatusOf(second, access, NOW + 1)).toEqual({ name: 'current' })
    expect(tokenStatusOf(first, access, NOW + LATE_MS)).toEqual({ name: 'late', generation: 1 })
    expect(tokenStatusOf(first, access, NOW + 1 + LATE_MS)).toEqual({ name: 'dead' })
    expect(tokenStatusOf(bare, access, NOW + LATE_MS - 1)).toEqual({ name: 'late', generation: 0 })
    expect(tokenStatusOf(bare, access, NOW + LATE_MS)).toEqual({ name: 'dead' })
    expect(tokenStatusOf(secret(), access, NOW)).toEqual({ name: 'dead' })
  })

  it('R53: what a record says of its tokens is read as it was written, and never fails', () => {
    const access = next(next(BY_ID, secret()), secret())
    expect(accessOf(JSON.parse(JSON.stringify(accessFields(access))) as object)).toEqual(access)
    expect(accessFields(BY_ID)).toEqual({})
    const past = [['x'], ['x', 1], ['x', '1', 1], [1, 1, 1], ['x', 1, 1, 1], 'y', null]
    const odd = { _secret: 5, _gen: 1.5, _past: past } as unknown as object
    expect(accessOf(odd)).toEqual({ secret: undefined, generation: 0, past: [] })
  })

  it('R53: 10,000 rotations leave the record of one session small', () => {
    let access: Access = BY_ID
    for (let rotation = 0; rotation < 10_000; rotation++) access = next(access, secret(), NOW)
    expect(access.generation).toBe(10_000)
    expect(JSON.stringify(accessFields(access)).length).toBeLessThan(800)
    expect(next(access, secret(), NOW + LATE_MS).past).toHaveLength(1)
  })
})

/** A request that opened a session of nobody, which is at the same count of hands still. */
const REQUEST: LateRequest = {
  opened: { generation: 1, owner: undefined },
  isLate: false,
  owner: undefined,
  hasOwners: true,
  regenerates: false,
  confirms: false,
  found: { generation: 1, owner: undefined },
}
const GONE = { found: undefined }
const BY_ANN = { found: { generation: 2, owner: 'ann' } }
const MINE = { opened: { generation: 1, owner: 'ann' }, owner: 'ann' }

const VERDICTS: [string, Partial<LateRequest>, LateWrite][] = [
  ['a change of the same hands', {}, 'merge'],
  ['a regenerate() of the same hands', { regenerates: true }, 'merge'],
  ['a sign-in of the same hands', { owner: 'ann' }, 'merge'],
  ['a change where the record is gone', GONE, 'gone'],
  ['a sign-in where the record is gone', { ...GONE, owner: 'ann' }, 'anew'],
  ['a change of who was signed in, where it is gone', { ...GONE, ...MINE }, 'gone'],
  ['a change where another has signed in', BY_ANN, 'gone'],
  ['the same sign-in where another has signed in', { ...BY_ANN, owner: 'ann' }, 'merge'],
  ['another sign-in where another has signed in', { ...BY_ANN, owner: 'bea' }, 'anew'],
  [
    'a sign-out where the same owner has confirmed',
    { ...MINE, owner: undefined, found: { generation: 2, owner: 'ann' } },
    'end',
  ],
  [
    'without owners: a sign-out where another generation has begun',
    { ...MINE, hasOwners: false, owner: undefined, found: { generation: 2, owner: 'ann' } },
    'gone',
  ],
  ['a sign-out where another has signed in', { ...BY_ANN, opened: { generation: 1, owner: 'bea' } }, 'gone'],
  [
    'a sign-out where others have signed out',
    { ...MINE, owner: undefined, found: { generation: 2, owner: undefined } },
    'gone',
  ],
  ['a confirm() where another of the same owner was first', { ...MINE, ...BY_ANN, confirms: true }, 'merge'],
  [
    'a confirm() where another owner was first',
    { ...MINE, confirms: true, found: { generation: 2, owner: 'bea' } },
    'gone',
  ],
  ['a confirm() where it is gone', { ...MINE, ...GONE, confirms: true }, 'gone'],
  ['a change by who is signed in as well', { ...MINE, ...BY_ANN }, 'gone'],
  ['a change with a late token', { isLate: true }, 'gone'],
  ['a sign-in with a late token', { isLate: true, owner: 'bea', ...BY_ANN }, 'anew'],
  ['the same sign-in with a late token', { isLate: true, owner: 'ann', ...BY_ANN }, 'merge'],
  ['without owners: a change of the same hands', { hasOwners: false }, 'merge'],
  ['without owners: a change of other hands', { hasOwners: false, found: { generation: 2, owner: undefined } }, 'gone'],
  ['without owners: a sign-in of other hands', { hasOwners: false, regenerates: true, ...BY_ANN }, 'anew'],
  ['without owners: a sign-in with a late token', { hasOwners: false, regenerates: true, isLate: true }, 'anew'],
]

describe('late requests', () => {
  it.each(VERDICTS)('R12: R53: a late request writes, or not, as it should: %s', (_what, request, verdict) => {
    expect(decideLateWrite({ ...REQUEST, ...request })).toBe(verdict)
  })
})
