import {
  planCommit,
  type CommitFacts,
  type CommitPlan,
  type CommitVerb,
} from '../../../../src/request/commit/commit-plan'

/** A session that is stored, has data, and of which nothing is asked. */
const AT_REST: CommitFacts = {
  verb: 'commit',
  isSatisfied: false,
  mustWrite: false,
  isStored: true,
  hasData: true,
  isChanged: false,
  changesOwner: false,
  hasOwner: false,
  needsSecret: false,
  hasOwners: false,
  isInCookie: false,
  isResponseSent: false,
  isOutside: false,
  wasWritten: false,
  isRolling: false,
  isRenewalDue: false,
  isSeenDue: false,
  hasReplaced: false,
  isSignatureOld: false,
  succession: 'none',
}

type Facts = Partial<CommitFacts>
type Row = [what: string, facts: Facts, plan: CommitPlan]

function write(reason: 'forced' | 'changed' | 'rolling' | 'renew' | 'seen', more: object = {}): CommitPlan {
  return { do: 'write', reason, rotation: 'none', restartsAge: false, ...more }
}

const NEW: Facts = { isStored: false, isChanged: true }
const SENT: Facts = { isResponseSent: true }
const OWNED: Facts = { hasOwners: true, changesOwner: true, isChanged: true }
const HANDS = { rotation: 'generation', restartsAge: true }

const ROWS: Row[] = [
  // What must be written.
  ['maxAge was set', { mustWrite: true }, write('forced')],
  ['save()', { verb: 'save' }, write('forced')],
  ['save() of a new session without data', { ...NEW, verb: 'save', hasData: false }, write('forced')],
  ['a sign-in without a response', { ...OWNED, ...SENT, isOutside: true }, { do: 'refuse' }],
  ['regenerate()', { verb: 'regenerate' }, write('forced', { rotation: 'generation' })],
  ['regenerate() of the same owner', { verb: 'regenerate', hasOwners: true }, write('forced', { rotation: 'hygiene' })],
  ['regenerate() of another owner', { ...OWNED, verb: 'regenerate' }, write('forced', HANDS)],
  ['regenerate() of a new session', { ...NEW, verb: 'regenerate' }, write('forced')],
  ['regenerate() in a cookie', { verb: 'regenerate', isInCookie: true }, write('forced')],
  ['regenerate() after the headers', { ...SENT, verb: 'regenerate' }, { do: 'refuse' }],
  ['regenerate() of a new one after the headers', { ...NEW, ...SENT, verb: 'regenerate' }, write('forced')],
  ['regenerate() in a cookie after the headers', { ...SENT, verb: 'regenerate', isInCookie: true }, write('forced')],
  // A change of owner, also with no data left.
  ['a change of owner', OWNED, write('changed', HANDS)],
  ['a change of owner to nothing', { ...OWNED, hasData: false }, write('changed', HANDS)],
  ['a change of owner that was written', { ...OWNED, wasWritten: true }, write('changed', HANDS)],
  ['a change of owner and touch()', { ...OWNED, verb: 'touch' }, write('changed', HANDS)],
  ['a change of owner in a cookie', { ...OWNED, isInCookie: true }, write('changed', { restartsAge: true })],
  ['a change of owner after the headers', { ...OWNED, ...SENT, hasOwner: true }, { do: 'end' }],
  [
    'a change of owner and save() after the headers',
    { ...OWNED, ...SENT, hasOwner: true, verb: 'save' },
    { do: 'end' },
  ],
  ["a sign-in with nobody's session after the headers", { ...OWNED, ...SENT }, { do: 'refuse' }],
  // Nothing is stored, and there is nothing to store.
  ['a new session without data', { ...NEW, hasData: false, isRolling: true }, { do: 'nothing' }],
  ['touch() of a new session without data', { ...NEW, verb: 'touch', hasData: false }, { do: 'nothing' }],
  ['one without data in the place of another', { ...NEW, hasData: false, hasReplaced: true }, { do: 'clear' }],
  // Data that changed, touch(), and sessions from before there were secrets.
  ['changed data', { isChanged: true }, write('changed')],
  ['changed data, again', { isChanged: true, wasWritten: true }, write('changed')],
  ['changed data and touch()', { isChanged: true, verb: 'touch' }, write('changed')],
  ['changed data with rolling', { isChanged: true, isRolling: true }, write('changed')],
  ['a new session with data', NEW, write('changed')],
  ['a session that is emptied', { isChanged: true, hasData: false }, write('changed')],
  ['touch()', { verb: 'touch' }, write('rolling')],
  ['touch() when it is time to note the use', { verb: 'touch', isSeenDue: true }, write('forced')],
  ['touch() of what was written', { verb: 'touch', wasWritten: true }, write('rolling')],
  ['a secret that is missing', { needsSecret: true }, write('forced', { rotation: 'hygiene' })],
  ['a secret and changed data', { needsSecret: true, isChanged: true }, write('changed', { rotation: 'hygiene' })],
  ['a secret and touch()', { needsSecret: true, verb: 'touch' }, write('rolling', { rotation: 'hygiene' })],
  ['a secret after the headers', { ...SENT, needsSecret: true }, { do: 'nothing' }],
  ['a secret and changed data after the headers', { ...SENT, needsSecret: true, isChanged: true }, write('changed')],
  // What lives on.
  ['rolling', { isRolling: true }, write('rolling')],
  ['rolling, written before', { isRolling: true, wasWritten: true }, { do: 'nothing' }],
  ['renew', { isRenewalDue: true }, write('renew')],
  ['renew, written before', { isRenewalDue: true, wasWritten: true }, { do: 'nothing' }],
  ['rolling and renew', { isRolling: true, isRenewalDue: true }, write('rolling')],
  // A proof of who somebody is, and a note that they are there.
  ['confirm()', { verb: 'confirm', hasOwners: true }, write('forced', { rotation: 'generation' })],
  ['confirm() with a sign-in', { ...OWNED, verb: 'confirm' }, write('forced', HANDS)],
  ['confirm() that joins another', { verb: 'confirm', hasOwners: true, isSatisfied: true }, write('forced')],
  ['confirm() in a cookie', { verb: 'confirm', isInCookie: true }, write('forced')],
  ['confirm() after the headers', { ...SENT, verb: 'confirm' }, { do: 'refuse' }],
  ['a note that is due', { isSeenDue: true }, write('seen')],
  ['a note that is due, written before', { isSeenDue: true, wasWritten: true }, { do: 'nothing' }],
  ['a note and rolling', { isSeenDue: true, isRolling: true }, write('forced')],
  ['a note and renew', { isSeenDue: true, isRenewalDue: true }, write('forced')],
  ['a note and changed data', { isSeenDue: true, isChanged: true }, write('changed')],
  // Where the token changes while its visitor works.
  ['a token that is used', { succession: 'use' }, write('seen', { rotation: 'use' })],
  ['a token that is used, after the headers', { ...SENT, succession: 'use' }, write('seen', { rotation: 'use' })],
  ['a token that is used, written before', { succession: 'use', wasWritten: true }, write('seen', { rotation: 'use' })],
  ['a token that is used, and rolling', { succession: 'use', isRolling: true }, write('forced', { rotation: 'use' })],
  [
    'a token that is used, and changed data',
    { succession: 'use', isChanged: true },
    write('changed', { rotation: 'use' }),
  ],
  ['a successor', { succession: 'issue' }, write('seen', { rotation: 'issue' })],
  ['a successor and a note', { succession: 'issue', isSeenDue: true }, write('seen', { rotation: 'issue' })],
  ['a successor and a sign-in', { ...OWNED, succession: 'issue' }, write('changed', HANDS)],
  [
    'confirm() of one',
    { verb: 'confirm', hasOwners: true, succession: 'rests' },
    write('forced', { rotation: 'proof' }),
  ],
  ['confirm() of one after the headers', { ...SENT, verb: 'confirm', succession: 'rests' }, { do: 'refuse' }],
  ['an old signature of one', { isSignatureOld: true, succession: 'rests' }, { do: 'nothing' }],
  // What only the client is told.
  ['nothing', {}, { do: 'nothing' }],
  ['an old signature', { isSignatureOld: true }, { do: 'sign' }],
  ['an old signature and rolling', { isSignatureOld: true, isRolling: true }, write('rolling')],
  ['another one that took its place', { hasReplaced: true }, { do: 'clear' }],
  ['another one and an old signature', { hasReplaced: true, isSignatureOld: true }, { do: 'clear' }],
]

describe('the plan of a commit', () => {
  it.each(ROWS)('R34: R53: a commit is planned by the facts: %s', (_what, facts, plan) => {
    expect(planCommit({ ...AT_REST, ...facts })).toEqual(plan)
  })
})

const VERBS: CommitVerb[] = ['commit', 'save', 'touch', 'regenerate', 'confirm']
const FLAGS = Object.keys(AT_REST).filter((name) => name !== 'verb' && name !== 'succession') as Exclude<
  keyof CommitFacts,
  'verb' | 'succession'
>[]

/** All combinations of facts that there can be, and their plans. */
let cases: { facts: CommitFacts; plan: CommitPlan }[] | undefined
const everyPlan = () => (cases ??= Array.from(everyCase(), (facts) => ({ facts, plan: planCommit(facts) })))

function* everyCase(): Generator<CommitFacts> {
  for (const verb of VERBS) {
    for (let bits = 0; bits < 2 ** FLAGS.length; bits++) {
      const facts = { ...AT_REST, verb }
      for (const [place, name] of FLAGS.entries()) facts[name] = (bits & (1 << place)) !== 0
      const canBe = !facts.isOutside || facts.isResponseSent
      if (!canBe || (facts.changesOwner && !(facts.hasOwners && facts.isStored))) continue
      yield facts
      const rotates = facts.isStored && facts.hasOwners && facts.hasOwner && !facts.isInCookie && !facts.needsSecret
      if (rotates) yield* withSuccession(facts)
    }
  }
}

/** What is noted at the end of a request; a successor, where the response can carry it. */
function* withSuccession(facts: CommitFacts): Generator<CommitFacts> {
  yield { ...facts, succession: 'rests' }
  if (facts.verb !== 'commit' || facts.isOutside) return
  yield { ...facts, succession: 'use' }
  if (!facts.isResponseSent) yield { ...facts, succession: 'issue' }
}

type Rule = (facts: CommitFacts, plan: CommitPlan) => boolean

const rotationIn = (plan: CommitPlan): string => (plan.do === 'write' ? plan.rotation : 'none')
const isAsked = (facts: CommitFacts): boolean =>
  facts.verb !== 'commit' || facts.mustWrite || facts.isChanged || facts.changesOwner || facts.needsSecret
const isNoted = ({ succession }: CommitFacts): boolean => succession === 'use' || succession === 'issue'

/** What holds of every plan. */
const RULES: Record<string, Rule> = {
  'nothing rotates in a cookie': (facts, plan) => !facts.isInCookie || rotationIn(plan) === 'none',
  'nothing rotates that is not stored': (facts, plan) => facts.isStored || rotationIn(plan) === 'none',
  'nothing rotates after the headers, but that a token is used is noted': (facts, plan) =>
    !facts.isResponseSent || ['none', 'use'].includes(rotationIn(plan)),
  'a change of owner is written, ended or refused': (facts, plan) =>
    !facts.changesOwner || ['write', 'end', 'refuse'].includes(plan.do),
  'a change of owner in a store rotates, and counts': (facts, plan) =>
    !facts.changesOwner || facts.isInCookie || plan.do !== 'write' || plan.rotation === 'generation',
  'the age begins anew with the owner alone': (facts, plan) =>
    plan.do !== 'write' || plan.restartsAge === facts.changesOwner,
  'only a new token by order is refused, and only after the headers; and a change of owner without a response': (
    facts,
    plan,
  ) =>
    plan.do !== 'refuse' ||
    (['regenerate', 'confirm'].includes(facts.verb) && facts.isResponseSent && facts.isStored) ||
    (facts.changesOwner && (facts.isOutside || (facts.isResponseSent && !facts.hasOwner))),
  'a confirm() in a store changes hands': (facts, plan) =>
    facts.verb !== 'confirm' ||
    !facts.isStored ||
    facts.isInCookie ||
    plan.do !== 'write' ||
    (facts.succession === 'none' || facts.changesOwner
      ? (plan.rotation === 'generation') === (!facts.isSatisfied || facts.changesOwner)
      : plan.rotation === 'proof'),
  'R118: what is due of the tokens is in the same write as anything else': (facts, plan) =>
    !isNoted(facts) ||
    plan.do === 'end' ||
    plan.do === 'refuse' ||
    ['generation', facts.succession].includes(rotationIn(plan)),
  'that a session is used is noted where nothing else is written': (facts, plan) =>
    plan.do !== 'write' ||
    plan.reason !== 'seen' ||
    ((facts.isSeenDue || isNoted(facts)) &&
      (!facts.isRolling || facts.wasWritten) &&
      !facts.isChanged &&
      !facts.changesOwner),
  'R72: without a response, no session changes hands and none is ended': (facts, plan) =>
    !facts.isOutside || (plan.do !== 'end' && rotationIn(plan) === 'none'),
  'only a change of owner ends a session, and only after the headers': (facts, plan) =>
    plan.do !== 'end' || (facts.changesOwner && facts.hasOwner && facts.isResponseSent && !facts.isInCookie),
  'nothing is written where nothing is asked': (facts, plan) =>
    isAsked(facts) || isNoted(facts) || facts.isRolling || facts.isRenewalDue || facts.isSeenDue || plan.do !== 'write',
  'nothing is written for a second time where nothing is asked': (facts, plan) =>
    isAsked(facts) || isNoted(facts) || !facts.wasWritten || plan.do !== 'write',
  'a session without data is not created but by order': (facts, plan) =>
    facts.isStored ||
    facts.hasData ||
    facts.mustWrite ||
    plan.do !== 'write' ||
    ['save', 'regenerate', 'confirm'].includes(facts.verb),
  'changed data are written, ended or refused': (facts, plan) =>
    !facts.isChanged || !(facts.isStored || facts.hasData) || ['write', 'end', 'refuse'].includes(plan.do),
  'a save() is written, ended or refused': (facts, plan) =>
    facts.verb !== 'save' || ['write', 'end', 'refuse'].includes(plan.do),
  'a missing secret is given with every write that can carry it': (facts, plan) =>
    !facts.needsSecret || !facts.isStored || facts.isInCookie || facts.isResponseSent || rotationIn(plan) !== 'none',
  'the client is cleared where another session took the place': (facts, plan) =>
    plan.do !== 'clear' || facts.hasReplaced,
  'a signature is made anew where it is old': (facts, plan) => plan.do !== 'sign' || facts.isSignatureOld,
  'what stays as it is says so': (facts, plan) =>
    plan.do !== 'nothing' || (!facts.hasReplaced && (!facts.isSignatureOld || facts.succession !== 'none')),
}

describe('every plan of a commit', () => {
  it.each(Object.entries(RULES))('R34: R53: every plan of a commit keeps the rule: %s', (_rule, holds) => {
    const broken: CommitFacts[] = []
    for (const { facts, plan } of everyPlan()) if (!holds(facts, plan)) broken.push(facts)
    expect(everyPlan().length).toBeGreaterThan(20_000)
    expect(broken.slice(0, 3)).toEqual([])
  })
})
