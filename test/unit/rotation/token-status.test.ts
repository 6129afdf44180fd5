import { rotatingStatusOf, hashFamily, type RotatingStatus } from '../../../src/rotation/token-status'
import type { Access } from '../../../src/session/access'
import type { BoundKey } from '../../../src/session/bound-key'
import type { Succession } from '../../../src/session/succession'
import { hashToken, makeFamily, makeLongToken, makeToken, parseToken, type Token } from '../../../src/session/token'

const NOW = 1_000_000_000
const FAMILY = makeFamily()
const OTHER_FAMILY = makeFamily()
const TOKEN = makeLongToken('id', { family: FAMILY, serial: 3 })
const STRANGER = makeLongToken('id', { family: OTHER_FAMILY, serial: 3 })
const FORGED = makeLongToken('id', { family: FAMILY, serial: 8 })
const BARE = makeToken('id', { withSecret: false })
const SHORT = makeToken('id', { withSecret: true })
const DEVICE = { id: 'device' } as unknown as BoundKey

const SUCCESSION: Succession = {
  family: hashFamily(FAMILY),
  serial: 7,
  since: NOW - 60_000,
  issued: 0,
  next: [],
  beside: [],
  left: [],
}
const hash = ({ text }: Token): string => hashToken(text)

function access(succession: Partial<Succession>, more: Partial<Access> = {}): Access {
  return { secret: 'current', generation: 4, past: [], succession: { ...SUCCESSION, ...succession }, ...more }
}

const current = (
  place: string,
  isUse: boolean,
  mayBeHanded: boolean,
  proof?: readonly [number, string?],
): RotatingStatus =>
  ({ name: 'current', opening: { place, isUse, mayBeHanded, ...(proof && { proof }) } }) as RotatingStatus
const DEAD: RotatingStatus = { name: 'dead' }
const REPLAY: RotatingStatus = { name: 'replay' }
const LATE: RotatingStatus = { name: 'late', generation: 4 }
const [QUICK, SLOW] = [false, true]

type Row = [title: string, token: Token, access: Access, isSlow: boolean, RotatingStatus]

test.each<Row>([
  [
    'the current one, used before, opens, and may get a successor',
    TOKEN,
    access({}, { secret: hash(TOKEN) }),
    QUICK,
    current('current', false, true),
  ],
  [
    'the current one at its first use is noted',
    TOKEN,
    access({ since: null }, { secret: hash(TOKEN) }),
    QUICK,
    current('current', true, false),
  ],
  [
    'the current one of before there were families may get a successor',
    SHORT,
    access({ since: 0 }, { secret: hash(SHORT) }),
    QUICK,
    current('current', false, true),
  ],
  [
    'an id alone is the current one where there is no secret',
    BARE,
    access({ since: 0 }, { secret: undefined }),
    QUICK,
    current('current', false, true),
  ],
  ['an id alone opens no record with a secret', BARE, access({ since: 0 }), QUICK, DEAD],
  [
    'a token with a secret opens no record without one',
    TOKEN,
    access({ since: 0 }, { secret: undefined }),
    QUICK,
    DEAD,
  ],
  [
    'a successor takes over when it is used',
    TOKEN,
    access({ next: [[hash(TOKEN)]] }),
    QUICK,
    current('next', true, false),
  ],
  [
    'a successor takes over before the current one was used',
    TOKEN,
    access({ since: null, next: [[hash(TOKEN)]] }),
    QUICK,
    current('next', true, false),
  ],
  [
    'a successor takes over with a slow request',
    TOKEN,
    access({ next: [[hash(TOKEN)]] }),
    SLOW,
    current('next', true, false),
  ],
  [
    'one of several successors takes over',
    TOKEN,
    access({ next: [['other'], [hash(TOKEN), NOW, 'password']] }),
    QUICK,
    current('next', true, false, [NOW, 'password']),
  ],
  [
    'a sibling with a proof becomes the current one at once',
    TOKEN,
    access({ since: NOW - 1, beside: [[hash(TOKEN), NOW]] }),
    QUICK,
    current('beside', true, false, [NOW]),
  ],
  [
    'a sibling with a proof does so with a slow request',
    TOKEN,
    access({ since: NOW - 1, beside: [[hash(TOKEN), NOW]] }),
    SLOW,
    current('beside', true, false, [NOW]),
  ],
  [
    'a sibling becomes the current one ten seconds after the takeover',
    TOKEN,
    access({ since: NOW - 10_000, beside: [[hash(TOKEN)]] }),
    QUICK,
    current('beside', true, false),
  ],
  [
    'a sibling that was under way changes nothing',
    TOKEN,
    access({ since: NOW - 9_999, beside: [[hash(TOKEN)]] }),
    QUICK,
    current('beside', false, false),
  ],
  [
    'a sibling changes nothing with a slow request',
    TOKEN,
    access({ beside: [[hash(TOKEN)]] }),
    SLOW,
    current('beside', false, false),
  ],
  [
    'a replaced token opens in its time, and may get a sibling',
    TOKEN,
    access({ left: [[hash(TOKEN), NOW + 1]] }),
    QUICK,
    current('left', false, true),
  ],
  [
    'a replaced token that was under way gets none',
    TOKEN,
    access({ since: NOW - 9_999, left: [[hash(TOKEN), NOW + 1]] }),
    QUICK,
    current('left', false, false),
  ],
  [
    'a replaced token opens with a slow request after its time',
    TOKEN,
    access({ left: [[hash(TOKEN), NOW]] }),
    SLOW,
    current('left', false, false),
  ],
  ['a replaced token whose time is past is a replay', TOKEN, access({ left: [[hash(TOKEN), NOW]] }), QUICK, REPLAY],
  [
    'one that was rotated away by order just now is late',
    TOKEN,
    access({}, { past: [[hash(TOKEN), NOW - 9_999, 2]] }),
    QUICK,
    { name: 'late', generation: 2 },
  ],
  [
    'one that was rotated away by order longer ago is a replay',
    TOKEN,
    access({}, { past: [[hash(TOKEN), NOW - 10_000, 2]] }),
    QUICK,
    REPLAY,
  ],
  ['one of another family is dead', STRANGER, access({}), QUICK, DEAD],
  ['one of another family is dead just after a takeover', STRANGER, access({ since: NOW - 1 }), QUICK, DEAD],
  ['one of another family is dead with a slow request', STRANGER, access({}), SLOW, DEAD],
  ['one with a secret alone is dead', SHORT, access({}), QUICK, DEAD],
  ['one that is newer than the record is dead', FORGED, access({}), QUICK, DEAD],
  ['no token is a replay before the current one was used', TOKEN, access({ since: null }), QUICK, DEAD],
  [
    'no token is a replay while the current one is of before there were families',
    TOKEN,
    access({ since: 0 }),
    QUICK,
    DEAD,
  ],
  ['no token is a replay where the session is bound to a device', TOKEN, access({}, { device: DEVICE }), QUICK, DEAD],
  [
    'a replaced token is late less than thirty seconds after the takeover',
    TOKEN,
    access({ since: NOW - 29_999 }),
    QUICK,
    LATE,
  ],
  [
    'a replaced token is late where the request came before the takeover',
    TOKEN,
    access({ since: NOW + 1 }),
    QUICK,
    LATE,
  ],
  ['a replaced token is late with a slow request', TOKEN, access({}), SLOW, LATE],
  [
    'a replaced token is a replay thirty seconds after the takeover',
    TOKEN,
    access({ since: NOW - 30_000 }),
    QUICK,
    REPLAY,
  ],
  [
    'a token of the last number is a replay',
    makeLongToken('id', { family: FAMILY, serial: 7 }),
    access({}),
    QUICK,
    REPLAY,
  ],
])('R114: R115: a token has the status that its record says: %s', (_title, token, record, isSlow, status) => {
  expect(rotatingStatusOf(token, record, { came: NOW, isSlow })).toEqual(status)
})

test('R114: a record that no token of a family opens is judged as without families', () => {
  const plain: Access = { secret: hash(SHORT), generation: 1, past: [[hash(TOKEN), NOW - 1, 0]] }
  const request = { came: NOW, isSlow: false }
  expect([SHORT, TOKEN, STRANGER, BARE].map((token) => rotatingStatusOf(token, plain, request))).toEqual([
    { name: 'current' },
    { name: 'late', generation: 0 },
    DEAD,
    DEAD,
  ])
})

test('R116: a token is read as it was made, and one changed letter makes it another one', () => {
  const token = makeLongToken('an~id', { family: FAMILY, serial: 70_000 })
  expect(token.text).toHaveLength('an~id'.length + 53)
  expect(parseToken(token.text)).toEqual(token)
  for (const place of [7, 31, 56]) {
    const letter = token.text[place] === 'A' ? 'B' : 'A'
    const changed = parseToken(token.text.slice(0, place) + letter + token.text.slice(place + 1)) as Token
    expect(hash(changed)).not.toBe(hash(token))
  }
})

test('R116: no text is a token of both forms', () => {
  const long = makeLongToken('id', { family: FAMILY, serial: 1 }).text
  const short = `id~${'a'.repeat(19)}~${'b'.repeat(32)}`
  expect(parseToken(long)?.id).toBe('id')
  expect(parseToken(short)?.id).toBe(`id~${'a'.repeat(19)}`)
})
