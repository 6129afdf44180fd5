import { type RecordFacts, recordToWrite } from '../../../../src/request/commit/record-to-write'
import type { CommitVerb } from '../../../../src/request/commit/commit-plan'
import type { Stored } from '../../../../src/request/open/stored'
import { BY_ID } from '../../../../src/session/access'
import { NO_SIGN_IN } from '../../../../src/session/sign-in-info'

const NOW = 1_000_000
const HOUR = 3_600_000
const BEFORE = NOW - 1000
const ANN = {
  ...NO_SIGN_IN,
  signIn: { order: 5, at: BEFORE, mark: undefined },
  confirmed: [BEFORE] as const,
  seen: BEFORE,
}
const KEY = { id: 'b', algorithm: 'ES256', key: 'k', since: 1, used: 2 } as const

/** What is stored: a session of ann's that was made a second ago and has half an hour to live. */
function storedOf(owner?: string): RecordFacts['stored'] {
  const snapshot = { owner, lifetime: { _expire: NOW + HOUR / 2 } }
  return { created: BEFORE, signInInfo: owner ? ANN : NO_SIGN_IN, snapshot } as unknown as Stored
}

function factsOf({ reason = 'changed', rotation = 'none', restartsAge = false, ...facts }: Row): RecordFacts {
  return {
    plan: { do: 'write', reason, rotation, restartsAge },
    verb: 'commit',
    method: undefined,
    startsOver: false,
    stored: storedOf(),
    key: 'a',
    access: BY_ID,
    confirmed: undefined,
    boundKey: undefined,
    owner: undefined,
    order: undefined,
    seen: undefined,
    maxAge: HOUR,
    hasSameMaxAge: true,
    policy: {},
    origin: undefined,
    sessionTtl: 24 * HOUR,
    hasStore: true,
    now: NOW,
    ...facts,
  }
}

type Row = Partial<RecordFacts & RecordFacts['plan']>

const RENEWED = { _expire: NOW + HOUR, _maxAge: HOUR }
const WHOLE = { isExtension: false, isNote: false }

const TABLE: [what: string, facts: Row, expected: object][] = [
  ['a change', {}, { lifetime: RENEWED, left: HOUR, created: BEFORE, reason: 'changed', ...WHOLE }],
  ['a new session', { stored: undefined }, { lifetime: RENEWED, created: NOW, reason: 'changed', ...WHOLE }],
  ['a session that begins anew', { startsOver: true }, { created: NOW }],
  ['a change of owner restarts the age', { restartsAge: true }, { created: NOW }],
  ['a session cookie', { maxAge: 'session' }, { left: 'session' }],
  [
    'a session cookie with the option ends has an end',
    { key: undefined, maxAge: 'session', origin: { id: 'a', since: 5 } },
    { lifetime: expect.objectContaining({ _expire: NOW + 24 * HOUR, _id: 'a', _since: 5 }) },
  ],
  ['rolling', { reason: 'rolling' }, { lifetime: RENEWED, reason: 'rolling', isExtension: true, isNote: false }],
  ['renew', { reason: 'renew' }, { reason: 'renew', isExtension: true }],
  [
    'rolling, of a record with another lifetime',
    { reason: 'rolling', hasSameMaxAge: false },
    { reason: 'forced', ...WHOLE },
  ],
  ['rolling, with a new token', { reason: 'rolling', rotation: 'hygiene' }, { reason: 'forced', ...WHOLE }],
  ['rolling, of what is not stored', { reason: 'rolling', stored: undefined }, { reason: 'forced', ...WHOLE }],
  [
    'a note that it is used keeps its life',
    { reason: 'seen', stored: storedOf('ann'), owner: 'ann', seen: { device: { agent: 'phone' } } },
    {
      lifetime: expect.objectContaining({ _expire: NOW + HOUR / 2, _seen: NOW, _seenBy: { agent: 'phone' } }),
      left: HOUR / 2,
      reason: 'seen',
      isNote: true,
    },
  ],
  [
    'a device refresh keeps its life and what is noted',
    { stored: storedOf('ann'), owner: 'ann', boundKey: KEY },
    { lifetime: expect.objectContaining({ _expire: NOW + HOUR / 2, _seen: BEFORE }), signInInfo: ANN, left: HOUR / 2 },
  ],
  [
    'the first write of a device renews',
    { stored: undefined, boundKey: KEY },
    { left: HOUR, access: { ...BY_ID, device: KEY } },
  ],
  [
    'a sign-in',
    { owner: 'ann', order: { order: 7, mark: undefined }, seen: { device: undefined } },
    { signInInfo: { signIn: { order: 7, at: NOW, mark: undefined }, confirmed: [NOW], seen: NOW, device: undefined } },
  ],
  [
    'a change by the same owner keeps the sign-in',
    { owner: 'ann', stored: storedOf('ann'), seen: { device: undefined } },
    { signInInfo: { signIn: ANN.signIn, confirmed: [BEFORE], seen: NOW, device: undefined } },
  ],
  [
    'confirm() notes when and how, and keeps the sign-in',
    { verb: 'confirm', method: 'password', owner: 'ann', stored: storedOf('ann') },
    { signInInfo: expect.objectContaining({ signIn: ANN.signIn, confirmed: [NOW, 'password'] }) },
  ],
  ['a sign-out leaves nothing of the owner', { stored: storedOf('ann') }, { signInInfo: NO_SIGN_IN }],
]

test.each(TABLE)('R24: R66: a record says beside its data what it should: %s', (_what, facts, expected) => {
  expect(recordToWrite(factsOf(facts))).toMatchObject(expected)
})

const CONFIRMED: RecordFacts['stored'] = { ...storedOf(), signInInfo: { ...NO_SIGN_IN, confirmed: [BEFORE] } } as never

test.each<[verb: CommitVerb, hasStore: boolean, rotation: 'none' | 'generation', isKept: boolean]>([
  ['commit', true, 'none', true],
  ['save', false, 'none', true],
  ['regenerate', true, 'none', true],
  ['regenerate', true, 'generation', false],
  ['regenerate', false, 'none', false],
])(
  'R66: a confirmation without owners outlives %s with a store (%p) and rotation %s: %p',
  (verb, hasStore, rotation, isKept) => {
    const { signInInfo } = recordToWrite(factsOf({ verb, hasStore, rotation, stored: CONFIRMED }))
    expect(signInInfo.confirmed).toEqual(isKept ? [BEFORE] : undefined)
  },
)
