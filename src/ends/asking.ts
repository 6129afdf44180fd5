import type { EndsAnswer, EndPoint, EndSet, KeyEnd, SetEndOptions } from '../contracts/end-store'
import { narrowed, orderOfAll, spanOf, type Arrival, type Order, type Span } from './beginning'
import type { EndMemory, EndsKnown, Question } from './end-memory'
import { isEndedBy, judge, type Claim, type Ending, type Verdict } from './judgement'

/** How often it is asked again where the answers do not say which was first. */
const MAX_LOOKS = 3

/** A call of the store of ends. */
export type Call =
  | { readonly do: 'read'; readonly keys: readonly string[]; readonly after: EndPoint | undefined }
  | { readonly do: 'set'; readonly key: string; readonly options: SetEndOptions }

/** Work that yields a call wherever the store is to be asked: `runOn` of `run.ts` makes it, and hands in the answer. */
export type Asking<T> = Generator<Call, T, unknown>

/** A process that follows the ends of a store. */
export interface Follower {
  readonly memory: EndMemory
  /** Milliseconds, by a clock that only goes forward. */
  readonly clock: () => number
  /** The key of everybody. */
  readonly everybody: string
  /** Whether sessions are accepted that nobody can judge. */
  readonly accepts: boolean
  /** Called where the store failed, and the session was judged by memory. */
  readonly failed: (error: unknown) => void
  /** The key that is ended where a process finds that the store is another one: the first one tells. */
  readonly losses: string
  /** Called where this process is the first to find that the store is another one, or has gone back. */
  readonly lost: () => void
  /** Called where what is remembered is not of this store, or not any more. */
  readonly forgot: () => void
}

/** The keys that a session begins with, or takes. */
export interface Beginning {
  /** What it did not carry before: judged by when the request came. */
  readonly taken: readonly string[]
  /** What it carried before: judged by its claim. */
  readonly kept?: { readonly claim: Claim; readonly keys: readonly string[] }
  readonly arrival: Arrival
}

/** What a look has found: the session begins at this position; or it is ended already; or nobody can tell. */
export type Begun = { readonly since: number } | 'ended' | 'unsure'

/** A session as it is judged: what it says of itself, and its keys. */
export interface Judged {
  readonly claim: Claim
  readonly keys: readonly string[]
}

/**
 * Judges a session that is opened: from memory where that may be used.
 *
 * @param keysOf makes all of its keys, which is most of the work: only where they are needed
 */
export function* judging(follower: Follower, claim: Claim, keysOf: () => readonly string[]): Asking<Verdict> {
  const { memory } = follower
  const now = follower.clock()
  const quick = judgeById(memory, claim.since, () => claim, now)
  if (quick) return quick
  const keys = keysOf()
  const remembered = memory.recall(keys, now, claim.since)
  // It began where another process had heard more than this one.
  const isEnough = remembered && !isAhead(claim, remembered)
  const known = isEnough ? remembered : yield* askingOrNot(follower, keys)
  return known ? judge(known, claim, known.found) : judgeAnyhow(memory, claim, keys)
}

/**
 * Judges a session from memory by its id alone, or by less; undefined where that is not enough.
 *
 * @param claimOf makes what it says of itself: only where that is needed, as the key of its id may be a hash
 */
export function judgeById(
  memory: EndMemory,
  since: number | undefined,
  claimOf: () => Claim,
  now: number,
): Verdict | undefined {
  const unknown = memory.unknownOf(since, now)
  if (unknown === 'nothing') return 'good'
  if (unknown === 'all') return undefined
  const claim = claimOf()
  if (claim.id === undefined) return undefined
  const found = memory.recallId(claim.id, claim.since)
  return found && (found.end && isEndedBy(found.end, claim) ? 'ended' : 'good')
}

/** Judges sessions by one question for all of them. */
export function* judgingAll(follower: Follower, sessions: readonly Judged[]): Asking<Verdict[]> {
  const keys = [...new Set(sessions.flatMap((session) => session.keys))]
  const known = yield* askingOrNot(follower, keys)
  if (!known) return sessions.map((session) => judgeAnyhow(follower.memory, session.claim, session.keys))
  const found = new Map(keys.map((key, index) => [key, known.found[index]]))
  const endsOf = (some: readonly string[]): (Ending | undefined)[] => some.map((key) => found.get(key))
  return sessions.map((session) => judge(known, session.claim, endsOf(session.keys)))
}

/** What the store says of these keys; undefined where it fails, and memory is to do. */
function* askingOrNot(follower: Follower, keys: readonly string[]): Asking<EndsKnown | undefined> {
  try {
    return (yield* asking(follower, keys)).known
  } catch (error) {
    if (!follower.accepts) throw error
    follower.failed(error)
    return undefined
  }
}

/** Judges a session from memory alone, however old that is. */
export function judgeAnyhow(memory: EndMemory, claim: Claim, keys: readonly string[]): Verdict {
  const known = memory.recallAnyhow(keys)
  return known ? judge({ born: known.born, last: Infinity }, claim, known.found) : 'good'
}

/** Where a session begins, or goes on with keys that it did not have. */
export function* beginning(follower: Follower, { taken, kept, arrival }: Beginning): Asking<Begun> {
  const keys = [...new Set([...taken, ...(kept?.keys ?? []), follower.everybody])]
  let span: Span | undefined
  for (let looks = 0; looks < MAX_LOOKS; looks++) {
    const asked = follower.clock()
    const { answer } = yield* asking(follower, keys)
    const came = follower.clock()
    const last = answer.last.position
    const endsOf = (some: readonly string[]): (KeyEnd | undefined)[] =>
      some.map((key) => answer.found[keys.indexOf(key)])
    if (kept && judge({ born: answer.born, last }, kept.claim, endsOf(kept.keys)) !== 'good') return 'ended'
    span = narrowed(span, spanOf(arrival, { ...answer, asked, came }))
    const order: Order = orderOfAll(endsOf(taken), arrival, last, span)
    if (order === 'before') return 'ended'
    if (order === 'after') return { since: last }
  }
  return 'unsure'
}

/** Where a session of nobody begins: at the position that the process knows, as long as that may be used. */
export function* beginningOfNobody(follower: Follower): Asking<Begun> {
  const { memory, everybody } = follower
  if (memory.floor !== undefined && memory.isFresh(follower.clock())) return { since: memory.floor }
  return { since: (yield* asking(follower, [everybody])).known.last }
}

/** Ends a key; undefined where the session to spare was ended already. */
export function* setting({ memory }: Follower, key: string, options: SetEndOptions): Asking<EndSet | undefined> {
  const set = (yield { do: 'set', key, options }) as EndSet | undefined
  if (set) memory.hear({ key, before: set.before, ...set.end })
  return set
}

/** What the store said, and what sessions are judged by: messages may have told more meanwhile. */
interface Told {
  readonly answer: EndsAnswer
  readonly known: EndsKnown
}

/** Asks the store. Where it has gone back to what it was before, everybody is ended, unless another process has done that. */
function* asking(follower: Follower, keys: readonly string[]): Asking<Told> {
  const { memory, everybody, losses, clock, accepts, lost, forgot } = follower
  const question = memory.ask(clock())
  const answer = (yield { do: 'read', keys, after: question.after }) as EndsAnswer
  const after = afterLoss(question, answer)
  if (after !== undefined && !accepts && !isAfter(answer.found[keys.indexOf(everybody)], after)) {
    const set = yield* setting(follower, everybody, { life: Infinity })
    if (!isAfter(set?.was, after)) lost()
    return yield* asking(follower, keys)
  }
  // Whoever only reports has nothing in the store by which others could know.
  if (after !== undefined && accepts) lost()
  if (isAnother(question, answer) && !(yield* setting(follower, losses, { life: Infinity }))?.was) lost()
  const { known, became } = memory.take(question, keys, answer)
  if (became === 'afresh') forgot()
  return { answer, known }
}

function isAnother({ born }: Question, answer: EndsAnswer): boolean {
  return born !== undefined && answer.born !== born
}

/** The position that the store has had and has no more, where it has gone back. */
function afterLoss(question: Question, answer: EndsAnswer): number | undefined {
  const { after } = question
  return after && !isAnother(question, answer) && answer.continues === false ? after.position : undefined
}

function isAfter(end: KeyEnd | undefined, position: number): boolean {
  return end !== undefined && end.position > position
}

function isAhead({ since }: Claim, { last }: EndsKnown): boolean {
  return since !== undefined && since > last
}
