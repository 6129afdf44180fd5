import type { Context } from 'koa'
import { isPromise, type Awaitable } from '../base/awaitable'
import { SessionError } from '../base/errors'
import type { OnceCall } from '../request/session/once-call'
import { isDuration } from '../session/record'
import type { Session, SessionData } from '../session/session'
import { EndVerbs } from './end-verbs'
import { ctxAmong, optionsAmong } from './verb-arguments'

/** How {@link SessionService.once} does its work; times are milliseconds. */
export interface OnceOptions<Data extends object = SessionData> {
  /**
   * Whether the work is to be done, asked of the session as it is: where it returns false, nothing is done, and nothing waits.
   * It returns at once and changes nothing. Without it, whoever calls asks for the work.
   */
  needed?: (session: Session<Data>) => boolean
  /**
   * How long the work may take: after that, another request does it again, as it does where the process has died. Default:
   * 10,000. Let the work give up earlier.
   */
  lease?: number
  /** How long a request waits for the work of others. Default: twice the lease. */
  wait?: number
}

/** The work of {@link SessionService.once}: it gets a copy of the session, and a signal that is aborted when the lease is over. */
export type OnceWork<Data extends object = SessionData> = (
  session: Session<Data>,
  signal: AbortSignal,
) => Awaitable<unknown>

const NAMES = ['needed', 'lease', 'wait'] as const
const LEASE_MS = 10_000
const MAX_KEY = 128
const DAY_MS = 86_400_000

/** The verb for work that calls others: it is not done again. */
export class WorkVerbs<Data extends object = SessionData> extends EndVerbs<Data> {
  /**
   * Lets one of all parallel requests of the session do the work with this key, such as to refresh an OAuth token; the others wait,
   * and all of them have what it has made of the session. On stores with conditional writes that is one over all processes; in
   * other stores, and for a session in its cookie, one in each.
   *
   * `work` changes the copy of the session that it gets, which is written when it is done. Where it throws, nothing of it is
   * written: its own request gets the error, those that it was done for too `ERR_SESSION_ONCE_FAILED`, and the next one does it
   * again. A request that has read the session before the work was done shares it; one that reads it later asks anew, unless
   * `needed` says that nothing is to be done. The key has 128 characters at most; the ctx may stand in the place of the options.
   *
   * @example
   * const sessions = new SessionService<{ token?: { text: string; expires: number } }>(app)
   * const needed = ({ token }: { token?: { expires: number } }) => token !== undefined && token.expires < Date.now()
   * const session = await sessions.once('token', async (data, signal) => {
   *   const response = await fetch('https://id.example/token', { method: 'POST', signal })
   *   data.token = { text: await response.text(), expires: Date.now() + 3_600_000 }
   * }, { needed }, ctx)
   *
   * @returns the session as the work has left it; null where it was ended, or given to
   * another account, meanwhile: then nothing of the work is written
   * @throws {SessionError} `ERR_SESSION_ONCE_FAILED` (503) where the work of another request has failed,
   * `ERR_SESSION_ONCE_PENDING` (503) where it was not done in time, `ERR_SESSION_NESTED` inside `update()` or `once()`
   */
  once(key: string, work: OnceWork<Data>, ctx: Context): Promise<Session<Data> | null>
  once(key: string, work: OnceWork<Data>, options?: OnceOptions<Data>, ctx?: Context): Promise<Session<Data> | null>
  once(
    key: string,
    work: OnceWork<Data>,
    first?: OnceOptions<Data> | Context,
    second?: Context,
  ): Promise<Session<Data> | null> {
    return this.verb(ctxAmong(first, second), async (session) => {
      const options = optionsAmong<OnceOptions<Data>>('sessions.once()', NAMES, first)
      const call = callOf(key, work, options)
      const loading = session.load()
      if (isPromise(loading)) await loading
      return (await session.once(call)) ? (session.session as Session<Data> | null) : null
    })
  }
}

function callOf<Data extends object>(key: string, work: OnceWork<Data>, options: OnceOptions<Data>): OnceCall {
  const { needed, lease = LEASE_MS, wait = 2 * lease } = options
  if (typeof key !== 'string' || key === '' || key.length > MAX_KEY) {
    throw badValue(`a key, which is a text of 1 to ${MAX_KEY} characters, not ${describe(key)}`)
  }
  if (typeof work !== 'function') throw badValue(`the work, which is a function, not ${describe(work)}`)
  if (needed !== undefined && typeof needed !== 'function') throw badValue('"needed" as a function of the session')
  if (!isSpan(lease) || !isSpan(wait)) throw badValue('"lease" and "wait" in milliseconds, above 0 and a day at most')
  return { key, work, needed, lease, wait } as unknown as OnceCall
}

function isSpan(value: unknown): boolean {
  return isDuration(value) && value <= DAY_MS
}

function describe(value: unknown): string {
  return typeof value === 'string' ? `one of ${value.length}` : `a value of type ${typeof value}`
}

function badValue(takes: string): SessionError {
  return new SessionError('ERR_SESSION_BAD_VALUE', `sessions.once(key, work, options?, ctx?) takes ${takes}.`)
}
