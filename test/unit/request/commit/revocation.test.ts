import { cameIn, isEndedByMark } from '../../../../src/request/commit/revocation'

const NOW = 6000
/** A request that came at 100, and a clock of the store that is 1000 ahead, to within 10. */
const AHEAD = { from: 995, to: 1005 }

it.each([
  ['there is no mark', { at: 100 }, undefined, 'after'],
  ['the mark is older than the request can be', { at: 100 }, 1094.9, 'after'],
  ['it may be as old as the request', { at: 100 }, 1095, 'unsure'],
  ['it may be a little younger, or older', { at: 100 }, 1100, 'unsure'],
  ['it is as young as the request can be, or younger', { at: 100 }, 1105, 'before'],
  ['it is much younger', { at: 100 }, 5000, 'before'],
  ['the clock that it was set by has gone back since', { at: 100 }, 7000, 'unsure'],
  ['it is the one that this request has set itself', { at: 100, mark: 5000 }, 5000, 'after'],
  ['it was set after that one, and before the sign-in', { at: 300, mark: 1200 }, 1250, 'after'],
  ['it was set after that one, and after the sign-in', { at: 300, mark: 1200 }, 1350, 'before'],
] as const)(
  "R67: R90: a request is placed before or after its owner's mark where %s",
  (_what, beginning, notBefore, came) => {
    expect(cameIn({ mark: undefined, ...beginning }, { now: NOW, notBefore, ahead: AHEAD })).toBe(came)
  },
)

it.each([
  ['no mark', [7, 100], undefined, false],
  ['a mark that the sign-in has not seen', [7, 100], 6, true],
  ['the mark that it has seen', [7, 100, 6], 6, false],
  ['a later one', [7, 100, 6], 6.001, true],
  ['a mark, and nothing is known of the sign-in', undefined, 6, true],
] as const)('R67: a session is ended by its owner’s mark: %s', (_what, owned, notBefore, isEnded) => {
  expect(isEndedByMark(notBefore, owned ? { _owned: owned } : {})).toBe(isEnded)
})
