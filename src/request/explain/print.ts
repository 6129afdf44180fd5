import type { EventEmitter } from 'node:events'
import type { Context } from 'koa'
import { debug } from '../../base/debug'
import type { SessionConfig } from '../../config/config'
import { ttlOf } from '../../options/options'
import type { SessionEvents } from '../../session/events'
import { parseToken } from '../../session/token'
import { leftOf } from '../open/stored'
import { departureOf, hasResponse, whenResponseOver, type Departure } from '../scope/response-state'
import type { RequestSession } from '../session/request-session'
import { explain } from './explain'
import { isGood, type SessionExplanation } from './explanation'
import type { ExplainFacts } from './facts'
import { factsOf, readable } from './facts-of'
import { NOTHING_RECALLED, type Recalled } from './hint-for'
import { adviceFor } from './hints'
import { lineOf } from './line'
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
  const client = clientOf(ctx)
  // What another response tells meanwhile, this request does not know of.
  const last = client === undefined ? undefined : memory.toldTo(client, Date.now())
  const finish = (departure: Departure): void => {
    const facts = factsOf(ctx, session, config, departure)
    const explanation = explain(facts, { ...recalledOf(facts, config, memory), last })
    print(ctx, session, config, facts, explanation)
    if (client !== undefined) rememberTold(memory, client, facts, explanation)
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

/** A client is taken for the same one by its address and its browser; undefined where these cannot be read. */
function clientOf(ctx: Context): string | undefined {
  // The names of one's own machine have several addresses.
  const address = readable(() => ctx.ip.replace(/^(::1|(::ffff:)?127\..*)$/, 'this machine'), undefined)
  return address === undefined ? undefined : `${address} ${readable(() => ctx.get('User-Agent'), '')}`
}

function recalledOf(facts: ExplainFacts, { tokenChanges }: SessionConfig, memory: Recollection): Recalled {
  const states = idsIn(facts).map((id) => memory.stateOf(id, tokenChanges.of(id), facts.now))
  const record = states.find((state) => state === 'there') ?? states.find((state) => state === 'over') ?? 'unknown'
  return { ...NOTHING_RECALLED, record }
}

function print(
  ctx: Context,
  session: RequestSession,
  { options }: SessionConfig,
  facts: ExplainFacts,
  explanation: SessionExplanation,
): void {
  const { circumstances: about } = facts
  const line = lineOf(explanation, {
    method: ctx.method,
    protocol: readable(() => ctx.protocol, 'http'),
    // What carries the id instead of a cookie may be the address.
    host: options.externalKey ? '…' : readable(() => ctx.host, undefined),
    path: options.externalKey ? '/…' : about.path,
    status: hasResponse(ctx) ? ctx.status : undefined,
    secrets: [...facts.cookies.map(({ value }) => value), ...idsIn(facts), session.token ?? '', facts.id ?? ''],
    isGone: about.isGone,
    advice: explanation.hint === undefined ? '' : adviceFor(explanation.hint, about),
  })
  debug('%s', line)
}

function rememberTold(
  memory: Recollection,
  client: string,
  { now, circumstances: { host } }: ExplainFacts,
  { why, presented, told }: SessionExplanation,
): void {
  memory.noteBack(
    client,
    presented.map(({ fingerprint }) => fingerprint),
  )
  if (told.length === 0) return
  // Who has brought a good cookie keeps cookies.
  memory.noteTold(client, { cookie: told[0], host, at: now, isAwaited: !isGood(why) })
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
