import { tracingChannel, type TracingChannel } from 'node:diagnostics_channel'
import { isPromise, type Awaitable } from './awaitable'
import { SessionError } from './errors'
import { redact } from './redact'

/** What is traced, each on its own channel: `koa-session-service:load` and so on. */
export type TracedOperation = 'load' | 'commit' | 'regenerate' | 'destroy' | 'store'

/**
 * What the tracing channels tell of one operation: the same object at every stage of it. It holds no data, no id and nothing
 * that opens a session.
 *
 * @example
 * import { tracingChannel } from 'node:diagnostics_channel'
 *
 * tracingChannel<object, SessionTrace>('koa-session-service:store').asyncEnd.subscribe((message) => {
 *   const { store, method, outcome } = message as SessionTrace
 *   if (outcome === 'timeout') console.warn(`${store}: no answer to ${method}`)
 * })
 */
export interface SessionTrace {
  readonly operation: TracedOperation
  /** The property of `ctx` that the session is on, which is its name within the app: `session`. */
  readonly service: string
  /** The name of its cookie. */
  readonly cookie: string
  /** The class of the store; `cookie` where the session rests in its cookie. */
  readonly store: string
  /**
   * Of a call of the store: `read`, `write`, `renew` (a longer life, the same data) or `destroy`; about an owner, the store's
   * own names: `listByOwner`, `destroyByOwner`, `readMark`, `setMark`.
   */
  readonly method: string | undefined
  /** A fingerprint of the session's id, which opens nothing: the one of events and logs; `none` where there is no id. */
  session: string
  /**
   * How it ended; undefined until then. Everything can be `failed`, or `timeout` where the store did not answer in time.
   *
   * - `load`: `found`, `none`, or why it was not accepted: `missed`, `expired`, `invalid`.
   * - `commit`, `regenerate`: `unchanged`, `written`, `gone`, `detached` (the same, and the request goes on with a session of
   *   its own) or `again` (another request was faster, and the change is made again).
   * - `destroy`: `ended`, or `none` where there was nothing to end.
   * - `store`: `found`, `none`; `written`, `conflict`, `missing`, `taken`; `removed`.
   */
  outcome: string | undefined
  /**
   * With the option `rotateEvery`, what became of the session's token; undefined for anything else. Of a commit: `issue`, the
   * response hands over a successor; `turn`, the token that the client presented has taken over. Of an end: `replay`, a copy came
   * back.
   */
  kind: 'issue' | 'turn' | 'replay' | undefined
  /** The length of what was read or written: of the cookie's value, or of the record's JSON where that is at hand. */
  bytes: number
  /** How often it was tried to write: more than once where other requests were faster. */
  attempts: number
  /** What of the session the client did not get, as the response was under way already: see the event `headersSent`. */
  lost: string | undefined
  /** The error that it failed with, without anybody's data. */
  error: unknown
}

type Channel = TracingChannel<SessionTrace, SessionTrace>

const STAGES = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const

export const CHANNELS: Readonly<Record<TracedOperation, Channel>> = Object.freeze({
  load: channelFor('load'),
  commit: channelFor('commit'),
  regenerate: channelFor('regenerate'),
  destroy: channelFor('destroy'),
  store: channelFor('store'),
})

const { load, commit, regenerate, destroy, store } = CHANNELS

/** Whether anybody listens: nothing is made for tracing where nobody does. */
export function isTraced(): boolean {
  return (
    load.hasSubscribers ||
    commit.hasSubscribers ||
    regenerate.hasSubscribers ||
    destroy.hasSubscribers ||
    store.hasSubscribers
  )
}

/** Does what is traced, and publishes its stages as `traceSync` and `tracePromise` of Node do; its result is not told. */
export function traced<T>(trace: SessionTrace, work: () => Awaitable<T>, conclude: (value: T) => void): Awaitable<T> {
  const channel = CHANNELS[trace.operation]
  const note = (value: T): T => {
    conclude(value)
    return value
  }
  const fail = (error: unknown): never => {
    trace.outcome = isTimeout(error) ? 'timeout' : 'failed'
    trace.error = error instanceof SessionError ? error : redact(error)
    channel.error.publish(trace)
    throw error
  }
  return channel.start.runStores(trace, () => {
    try {
      const answer = work()
      return isPromise(answer) ? concludeLater(channel, trace, Promise.resolve(answer).then(note, fail)) : note(answer)
    } catch (error) {
      return fail(error)
    } finally {
      channel.end.publish(trace)
    }
  })
}

async function concludeLater<T>(channel: Channel, trace: SessionTrace, answer: PromiseLike<T>): Promise<T> {
  try {
    return await answer
  } finally {
    channel.asyncStart.publish(trace)
    channel.asyncEnd.publish(trace)
  }
}

function channelFor(operation: TracedOperation): Channel {
  const channel: Channel = tracingChannel(`koa-session-service:${operation}`)
  // Node 20 has it from 20.13 on.
  if (!('hasSubscribers' in channel)) {
    Object.defineProperty(channel, 'hasSubscribers', {
      get: () => STAGES.some((stage) => (channel as Channel)[stage].hasSubscribers),
    })
  }
  return channel
}

function isTimeout(error: unknown): boolean {
  if (!(error instanceof SessionError)) return false
  return error.code === 'ERR_SESSION_STORE' && (error.cause as { code?: unknown } | undefined)?.code === 'ETIMEDOUT'
}
