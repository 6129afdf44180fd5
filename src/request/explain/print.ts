import type { Context } from 'koa'
import { debug } from '../../base/debug'
import type { SessionConfig } from '../../config/config'
import { parseToken } from '../../session/token'
import { leftOf } from '../open/stored'
import { hasResponse, whenResponseOver } from '../scope/response-state'
import type { RequestSession } from '../session/request-session'
import { explain } from './explain'
import type { SessionExplanation } from './explanation'
import type { ExplainFacts } from './facts'
import { factsOf } from './facts-of'
import { lineOf } from './line'
import { Recollection } from './recollection'

/** Decided when the process starts: the environment is not asked for each request. */
const IS_DEBUGGED = debug.enabled

const RECOLLECTIONS = new WeakMap<SessionConfig, Recollection>()

/** Prints a line about the request when it is over, where sessions are debugged. Returns its session. */
export function printedWhenOver(ctx: Context, session: RequestSession, config: SessionConfig): RequestSession {
  if (IS_DEBUGGED) quietly(() => printWhenOver(ctx, session, config))
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

function printWhenOver(ctx: Context, session: RequestSession, config: SessionConfig): void {
  const memory = recollectionOf(config)
  const client = `${ctx.ip} ${ctx.get('User-Agent')}`
  // What another response tells meanwhile, this request does not know of.
  const told = memory.toldTo(client, Date.now())
  const finish = (): void => {
    const facts = factsOf(ctx, session, config)
    const hadRecord = idsIn(facts).some((id) => memory.misses(id, config.tokenChanges.of(id), facts.now))
    const explanation = explain(facts, { told, hadRecord })
    print(ctx, session, config, facts, explanation)
    if (explanation.told.length > 0) memory.noteTold(client, explanation.told[0], facts.now)
    rememberRecord(memory, session, facts.now, config)
  }
  whenResponseOver(ctx, () => quietly(finish))
}

function print(
  ctx: Context,
  session: RequestSession,
  config: SessionConfig,
  facts: ExplainFacts,
  explanation: SessionExplanation,
): void {
  const line = lineOf(explanation, {
    method: ctx.method,
    origin: `${ctx.protocol}://${ctx.host}`,
    // What carries the id instead of a cookie may be the address.
    path: config.options.externalKey ? '/…' : ctx.path,
    status: hasResponse(ctx) ? ctx.status : undefined,
    secrets: [...facts.cookies.map(({ value }) => value), ...idsIn(facts), session.token ?? '', facts.id ?? ''],
    isUnderWay: session.scope.stage.isServing,
  })
  debug('%s', line)
}

function rememberRecord(
  memory: Recollection,
  { stored }: RequestSession,
  now: number,
  { tokenChanges }: SessionConfig,
): void {
  if (stored?.id === undefined) return
  const left = leftOf(stored)
  if (left === 'session') return
  memory.noteRecord(stored.id, { until: now + left, changes: tokenChanges.of(stored.id) })
}

/** The ids of all tokens that came. */
function idsIn({ tokens = [], hasStore }: ExplainFacts): string[] {
  if (!hasStore) return []
  return tokens.flatMap(({ token }) => [token, parseToken(token)?.id ?? token])
}

function recollectionOf(config: SessionConfig): Recollection {
  const present = RECOLLECTIONS.get(config)
  if (present) return present
  const made = new Recollection()
  RECOLLECTIONS.set(config, made)
  return made
}
