import { begun, isIssuePaced, issue, lineByOrder, noteUse, rotateByOrder } from '../../../src/rotation/changes'
import { hashFamily, rotatingStatusOf } from '../../../src/rotation/token-status'
import { accessFields, BY_ID, type Access } from '../../../src/session/access'
import type { Succession, Successor } from '../../../src/session/succession'
import { hashToken, makeFamily, makeLongToken, makeToken, MAX_SERIAL, type Token } from '../../../src/session/token'

const NOW = 1_700_000_000_000
const GRACE = 60_000
const FIRST = makeLongToken('id', { family: makeFamily(), serial: 0 })
const first = { id: 'id', family: FIRST.line?.family }
const hash = ({ text }: Token): string => hashToken(text)
const recordOf = (token: Token, more: Partial<Succession> = {}): Access => ({
  secret: hash(token),
  generation: 2,
  past: [],
  succession: { ...begun(token), since: NOW, ...more },
})
const successionOf = ({ succession }: Access): Succession => succession as Succession

test('R114: a successor waits, and nothing dies when it is issued', () => {
  const { token, access } = issue(first, 'current', recordOf(FIRST), NOW + 5)
  expect(token.line).toEqual({ family: FIRST.line?.family, serial: 1 })
  expect(access).toEqual({
    ...recordOf(FIRST),
    succession: { ...successionOf(recordOf(FIRST)), serial: 1, issued: NOW + 5, next: [[hash(token)]] },
  })
})

test('R118: a fifth successor takes the place of the oldest', () => {
  let access = recordOf(FIRST)
  const hashes: string[] = []
  for (let count = 0; count < 6; count++) {
    const issued = issue(first, 'current', access, NOW)
    hashes.push(hash(issued.token))
    access = issued.access
  }
  expect(successionOf(access).next).toEqual(hashes.slice(2).map((each) => [each]))
})

test('R117: what confirm() pushes out, or has handed out, opens the session until the next takeover; what reading pushes out does not', () => {
  const waiting = (kinds: string): { access: Access; hashes: string[] } => {
    let access = recordOf(FIRST)
    const hashes: string[] = []
    for (const kind of kinds) {
      const issued = issue(first, 'current', access, NOW, kind === 'c' ? [NOW, 'password'] : undefined)
      hashes.push(hash(issued.token))
      access = issued.access
    }
    return { access, hashes }
  }
  // A letter is a request with the same token: "c" calls confirm(), "r" reads. The numbers are of those that were pushed out.
  const table: [kinds: string, kept: number[], lost: number[]][] = [
    ['ccccc', [0], []],
    ['cccccc', [0, 1], []],
    ['rcccc', [0], []],
    ['ccccr', [0], []],
    ['rrrrc', [0], []],
    ['rrrrr', [], [0]],
    ['crrrr', [], [1]],
    ['crrrrrr', [], [1, 2, 3]],
    ['ccccccccccc', [0, 2, 3, 4, 5, 6], [1]],
  ]
  for (const [kinds, kept, lost] of table) {
    const { access, hashes } = waiting(kinds)
    const { next, left } = successionOf(access)
    const until = NOW + 400 * 24 * 3_600_000
    const known = [...next, ...left].map(([each]) => each)
    expect([kinds, next.length, known.length]).toEqual([kinds, 4, Math.min(kinds.length - lost.length, 10)])
    for (const place of kept) expect(left).toContainEqual([hashes[place], until])
    for (const place of lost) expect(known).not.toContain(hashes[place])
  }
})

test('R117: what was pushed out opens the session for its grace after the next takeover, and is no newer than that', () => {
  const before = recordOf(FIRST, { left: [['pushed out', NOW + 400 * 24 * 3_600_000]] })
  const { token, access } = issue(first, 'current', before, NOW)
  expect(successionOf(noteUse(token, 'next', access, NOW + 1, GRACE).access).left).toEqual([
    [hash(FIRST), NOW + 1 + GRACE],
    ['pushed out', NOW + 1 + GRACE],
  ])
})

test('R114: the successor that is used takes over; the others stay good, and the token before it for its grace', () => {
  const one = issue(
    first,
    'current',
    recordOf(FIRST, {
      beside: [['old sibling']],
      left: [
        ['past', NOW],
        ['left', NOW + 9],
      ],
    }),
    NOW,
  )
  const two = issue(first, 'current', one.access, NOW)
  const { access, confirmed } = noteUse(one.token, 'next', two.access, NOW + 1, GRACE)
  expect(confirmed).toBeUndefined()
  expect(access).toMatchObject({ secret: hash(one.token), generation: 2, past: [] })
  expect(successionOf(access)).toMatchObject({
    since: NOW + 1,
    serial: 2,
    next: [],
    beside: [[hash(two.token)]],
    left: [
      [hash(FIRST), NOW + 1 + GRACE],
      ['old sibling', NOW + 1 + 10_000],
      ['left', NOW + 9],
    ],
  })
})

test('R114: a sibling that is used becomes the current one, and the takeover stays when it was', () => {
  const sibling = makeLongToken('id', { family: FIRST.line?.family as string, serial: 1 })
  const before = recordOf(FIRST, {
    next: [['waits']],
    beside: [[hash(sibling)], ['another']],
    left: [
      ['before', NOW - 5],
      ['past', NOW],
      ['in time', NOW + 1000],
    ],
  })
  const { access } = noteUse(sibling, 'beside', before, NOW + 500, GRACE)
  expect(access.secret).toBe(hash(sibling))
  expect(successionOf(access)).toMatchObject({
    since: NOW,
    next: [['waits']],
    beside: [['another']],
    left: [
      ['before', NOW - 5],
      [hash(FIRST), NOW + 10_500],
      ['in time', NOW + 1000],
    ],
  })
})

test('R114: the first use of the current token is noted', () => {
  const { access } = noteUse(FIRST, 'current', recordOf(FIRST, { since: null }), NOW + 7, GRACE)
  expect(access).toEqual(recordOf(FIRST, { since: NOW + 7 }))
})

test.each(['next', 'beside'] as const)(
  'R117: a successor with a proof, in "%s", confirms when it is used, and ends every other token',
  (list) => {
    const proven = issue(first, 'current', recordOf(FIRST, { left: [['left', NOW + 9]] }), NOW, [NOW, 'password'])
    const other = issue(first, 'current', proven.access, NOW)
    const { next } = successionOf(other.access)
    const before: Access = { ...other.access, succession: { ...successionOf(other.access), next: [], [list]: next } }
    const { access, confirmed } = noteUse(proven.token, list, before, NOW + 3, GRACE)
    expect(confirmed).toEqual([NOW, 'password'])
    expect(access).toMatchObject({ secret: hash(proven.token), generation: 3 })
    expect(access.past).toEqual([hash(FIRST), hash(other.token), 'left'].map((each) => [each, NOW + 3, 2]))
    expect(successionOf(access)).toMatchObject({ since: NOW + 3, serial: 2, next: [], beside: [], left: [] })
  },
)

test('R117: others that were handed out with a proof stay good beside the one that is used, four of them at most', () => {
  const proven = (list: string): Successor[] => [0, 1, 2, 3].map((place) => [`${list} ${place}`, NOW])
  const used = makeLongToken('id', { family: FIRST.line?.family as string, serial: 1 })
  const before = recordOf(FIRST, {
    next: [['plain'], ...proven('next').slice(0, 2), [hash(used), NOW]],
    beside: proven('beside'),
  })
  const { access } = noteUse(used, 'next', before, NOW + 3, GRACE)
  expect(successionOf(access).beside).toEqual([['beside 2'], ['beside 3'], ['next 0'], ['next 1']])
  expect(access.past.map(([each]) => each)).toEqual([hash(FIRST), 'plain', 'beside 0', 'beside 1'])
})

test('R114: a token that was replaced gets a sibling of the current one', () => {
  const { token, access } = issue(first, 'left', recordOf(FIRST), NOW)
  expect(successionOf(access)).toMatchObject({ next: [], beside: [[hash(token)]] })
})

test.each([
  ['an id alone', makeToken('id', { withSecret: false })],
  ['a token with a secret', makeToken('id', { withSecret: true })],
])('R119: a session from before rotateEvery, opened by %s, gets a family with its first successor', (_title, token) => {
  const before: Access = token.hasSecret ? { ...BY_ID, secret: hash(token) } : BY_ID
  const first = issue({ id: 'id', family: undefined }, 'current', before, NOW)
  expect(first.access.secret).toBe(before.secret)
  expect(successionOf(first.access)).toMatchObject({ since: 0, serial: 1, next: [[hash(first.token)]] })
  // The answer was lost: the next successor has a family of its own, and both are good.
  const second = issue({ id: 'id', family: undefined }, 'current', first.access, NOW + 1)
  expect(second.token.line?.family).not.toBe(first.token.line?.family)
  const { access } = noteUse(first.token, 'next', second.access, NOW + 2, GRACE)
  expect(successionOf(access)).toMatchObject({ family: hashFamily(first.token.line?.family as string), since: NOW + 2 })
  expect(successionOf(access).left).toEqual([[hash(token), NOW + 2 + GRACE]])
  expect(rotatingStatusOf(token, access, { came: NOW + 1_000_000, isSlow: false })).toEqual({ name: 'dead' })
})

test('R116: a rotation by order with the same owner keeps the family, and no token is a replay before the new one is used', () => {
  const issued = issue(first, 'current', recordOf(FIRST), NOW)
  const token = makeLongToken('id', lineByOrder(issued.access, FIRST.line?.family))
  const access = rotateByOrder(token, issued.access, { isNewGeneration: false, now: NOW + 1 })
  expect(token.line).toEqual({ family: FIRST.line?.family, serial: 2 })
  expect(access.past).toEqual([hash(FIRST), hash(issued.token)].map((each) => [each, NOW + 1, 2]))
  const later = { came: NOW + 100_000, isSlow: false }
  expect(rotatingStatusOf(FIRST, access, later)).toEqual({ name: 'dead' })
  expect(rotatingStatusOf(FIRST, noteUse(token, 'current', access, NOW + 2, GRACE).access, later)).toEqual({
    name: 'replay',
  })
})

test('R116: a change of the owner draws a family: what was known before is never a replay', () => {
  const token = makeLongToken('id', lineByOrder(recordOf(FIRST), undefined))
  const access = rotateByOrder(token, recordOf(FIRST), { isNewGeneration: true, now: NOW })
  expect(token.line?.family).not.toBe(FIRST.line?.family)
  expect(access.generation).toBe(3)
  const used = noteUse(token, 'current', access, NOW + 1, GRACE).access
  expect(rotatingStatusOf(FIRST, used, { came: NOW + 100_000, isSlow: false })).toEqual({ name: 'dead' })
})

test('R118: successors by order are still made past the last number, and none is newer than the record', () => {
  const last = recordOf(FIRST, { serial: MAX_SERIAL })
  expect(lineByOrder(last, FIRST.line?.family).serial).toBe(MAX_SERIAL)
  const { token, access } = issue(first, 'current', last, NOW, [NOW])
  expect([token.line?.serial, successionOf(access).serial]).toEqual([MAX_SERIAL, MAX_SERIAL])
})

test('R118: another successor is issued for certain after thirty seconds, and rarely just after one', () => {
  const issued: Succession = { ...begun(FIRST), issued: NOW }
  expect([0, 0.1, 0.5, 0.999].map((chance) => isIssuePaced(issued, NOW + 15_000, chance))).toEqual([
    true,
    true,
    true,
    false,
  ])
  expect(isIssuePaced(issued, NOW + 30_000, 0.999)).toBe(true)
  expect(isIssuePaced(issued, NOW + 3000, 0.2)).toBe(false)
  expect(isIssuePaced({ ...issued, serial: MAX_SERIAL }, NOW + 60_000, 0)).toBe(false)
})

test('R118: tokens take at most 1,500 bytes more of a record, whatever happens', () => {
  const proof = [NOW, 'm'.repeat(64)] as const
  let access = recordOf(FIRST)
  let longest = 0
  for (let count = 0; count < 3000; count++) {
    const now = NOW + count * 1000
    const kinds = [
      () => issue(first, 'current', access, now),
      () => issue(first, 'left', access, now),
      () => issue(first, 'current', access, now, proof),
    ]
    const { token, access: after } = kinds[(count * 7) % 3]()
    access = after
    const place = successionOf(access).next.some(([other]) => other === hash(token)) ? 'next' : 'beside'
    if (count % 5 === 0 && count % 3 !== 2) access = noteUse(token, place, access, now, GRACE).access
    const { next, beside, left } = successionOf(access)
    expect(Math.max(next.length, beside.length, left.length - 2, access.past.length - 4)).toBeLessThanOrEqual(4)
    longest = Math.max(longest, JSON.stringify(accessFields(access)._turn).length)
  }
  expect(longest).toBeGreaterThan(700)
  expect(longest).toBeLessThan(1500)
})
