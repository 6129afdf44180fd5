import type { EventEmitter } from 'node:events'
import type { Context } from 'koa'
import { debug } from '../../base/debug'
import type { SessionConfig } from '../../config/config'
import { ttlOf } from '../../options/options'
import type { SessionEvents } from '../../session/events'
import { parseToken } from '../../session/token'
import { heldBy, leftOf } from '../open/stored'
import { departureOf, hasResponse, whenResponseOver, type Departure } from '../scope/response-state'
import type { RequestSession } from '../session/request-session'
import { callerOf, type Caller } from './caller'
import { explain, fingerprintOf } from './explain'
import { isGood, type SessionExplanation } from './explanation'
import type { ExplainFacts } from './facts'
import { factsOf, readable } from './facts-of'
import type { Recalled } from './hint-for'
import { adviceFor } from './hints'
import { lineOf, type RequestLine } from './line'
import { Recollection } from './recollection'

/** Decided when the process starts: the environment is not asked for each request. */
const IS_DEBUGGED = debug.enabled

const RECOLLECTIONS = new WeakMap<SessionConfig, Recollection>()

/** What has written a record anew. */
const WRITES = new Set(['changed', 'save', 'regenerate', 'confirm', 'touch', 'rolling', 'renew', 'seen', 'forced'])

/**
 * Prints a line about the request when it is over, where sessions are debugged. Returns its session.
 *
 * @param events the service's own
 */
export function printedWhenOver(
  ctx: Context,
  session: RequestSession,
  config: SessionConfig,
  events: EventEmitter,
): RequestSession {
  if (IS_DEBUGGED) quietly(() => printWhenOver(ctx, session, config, recollectionOf(config, events)))
  return session
}

/** A line that cannot be made lets no request fail, and no process end. */
function quietly(work: () => void): void {
  try {
    work()
  } catch (error) {
    debug('a request could not be explained: %s', error instanceof Error ? error.name : typeof error)
  }
}

function printWhenOver(ctx: Context, session: RequestSession, config: SessionConfig, memory: Recollection): void {
  const caller = callerOf(ctx)
  const { client, connection } = caller
  // What another response tells meanwhile, this request does not know of.
  const last = client === undefined ? undefined : memory.toldTo(client, Date.now(), connection)
  const finish = (departure: Departure): void => {
    const facts = factsOf(ctx, session, config, departure)
    const explanation = explain(facts, recalledOf(facts, config, memory, last))
    const { hint } = explanation
    print(ctx, session, config, facts, explanation, {
      endOf: (session) => memory.reasonOf(session),
      advice: hint === undefined ? '' : adviceFor(hint, facts.circumstances, last),
    })
    rememberTold(memory, caller, facts, explanation)
    rememberRecord(memory, session, facts, config)
  }
  whenResponseOver(ctx, () => {
    const departure = departureOf(ctx)
    whenServed(session, () => quietly(() => finish(departure)))
  })
}

/** A client may hang up while the handler still runs: what it does is told when it is done. */
function whenServed(session: RequestSession, listener: () => void): void {
  const { current } = session.state
  const next = (): unknown => setImmediate(() => whenServed(session, listener))
  if (current.name === 'loading') return void current.done.then(next, next)
  const { stage } = session.scope
  // Behind what else the middleware does at its end.
  if (stage.isServing) stage.whenEnded(() => setImmediate(listener))
  else listener()
}

function recalledOf(
  facts: ExplainFacts,
  { tokenChanges }: SessionConfig,
  memory: Recollection,
  last: Recalled['last'],
): Recalled {
  const states = idsIn(facts).map((id) => memory.stateOf(id, tokenChanges.of(id), facts.now))
  const record = states.find((state) => state === 'there') ?? states.find((state) => state === 'over') ?? 'unknown'
  const badSignatures = facts.cookies.map((each) => memory.badSignatureOf(fingerprintOf(each, facts)))
  return { last, record, badSignature: badSignatures.find((hint) => hint !== undefined) }
}

function print(
  ctx: Context,
  session: RequestSession,
  { options }: SessionConfig,
  facts: ExplainFacts,
  explanation: SessionExplanation,
  recalled: Pick<RequestLine, 'endOf' | 'advice'>,
): void {
  const { circumstances: about } = facts
  const line = lineOf(explanation, {
    method: ctx.method,
    protocol: readable(() => ctx.protocol, 'http'),
    // What carries the id instead of a cookie may be the address.
    host: options.externalKey ? '…' : readable(() => ctx.host, undefined),
    path: options.externalKey ? '/…' : about.path,
    status: hasResponse(ctx) ? ctx.status : undefined,
    secrets: [
      ...facts.cookies.map(({ value }) => value),
      ...idsIn(facts),
      heldBy(session.stored) ?? '',
      facts.id ?? '',
    ],
    isGone: about.isGone,
    ...recalled,
  })
  debug('%s', line)
}

function rememberTold(
  memory: Recollection,
  { client, connection }: Caller,
  { now, lines, circumstances: { host, life } }: ExplainFacts,
  { why, hint, presented, told }: SessionExplanation,
): void {
  if (why === 'bad-signature' && (hint === 'other-keys' || hint === 'overwritten')) {
    for (const { fingerprint } of presented) memory.noteBadSignature(fingerprint, hint)
  }
  if (client === undefined) return
  memory.noteBack(
    client,
    presented.map(({ fingerprint }) => fingerprint),
  )
  // A signature alone says nothing of the cookie that the client is to have.
  if (lines.length === 0) return
  // Who has brought a good cookie keeps cookies.
  memory.noteTold(client, { cookie: told[0], host, at: now, isAwaited: !isGood(why), connection, life })
}

function rememberRecord(
  memory: Recollection,
  { stored }: RequestSession,
  { now, written }: ExplainFacts,
  { tokenChanges, options }: SessionConfig,
): void {
  if (stored?.id === undefined) return
  const left = leftOf(stored)
  // How long a store keeps what has no end of its own counts from the last write.
  if (left === 'session' && !WRITES.has(written)) return
  memory.noteRecord(stored.id, {
    until: now + (left === 'session' ? ttlOf(left, options.ttl) : left),
    changes: tokenChanges.of(stored.id),
    owner: stored.snapshot.owner,
    at: now,
  })
}

/** The ids of all tokens that came. */
function idsIn({ tokens = [], hasStore }: ExplainFacts): string[] {
  if (!hasStore) return []
  return tokens.flatMap(({ token }) => [token, parseToken(token)?.id ?? token])
}

function recollectionOf(config: SessionConfig, events: EventEmitter): Recollection {
  const present = RECOLLECTIONS.get(config)
  if (present) return present
  const made = new Recollection()
  RECOLLECTIONS.set(config, made)
  events.on('ended', (detail: SessionEvents['ended']) => made.noteEnded(detail, Date.now()))
  return made
}
