import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Context } from 'koa'

interface Emitter {
  once?(event: string, listener: () => void): unknown
}

/** A request or a response of HTTP/1, of HTTP/2, or of something that only looks like one. */
type MessageLike = Partial<Pick<IncomingMessage, 'aborted' | 'socket'>> & Emitter
type ResponseLike = Emitter &
  Partial<
    Pick<ServerResponse, 'headersSent' | 'writableEnded' | 'writableFinished' | 'closed' | 'destroyed' | 'socket'>
  > & {
    /** Of HTTP/2 alone: there the response itself does not say that it is closed. */
    readonly stream?: { readonly destroyed?: boolean; readonly closed?: boolean; readonly aborted?: boolean }
  }

/** What of a context says what became of its response. Some contexts have none: those of websockets and of jobs. */
interface Messages {
  readonly req?: MessageLike
  readonly res?: ResponseLike
}

/** Whether there is a response at all. What looks like a context may have none, or something that takes no headers. */
export function hasResponse(ctx: Context): boolean {
  return typeof (ctx as { res?: Partial<ServerResponse> }).res?.setHeader === 'function'
}

/**
 * Whether the response can still carry a header: it is there, its headers are not sent, it is not closed or destroyed, and the
 * client has not hung up; on HTTP/1 and HTTP/2. A response that no server has made can.
 */
export function canStillTell(ctx: Context): boolean {
  const { res } = ctx as Messages
  // Over HTTP/2, a response has ended before its headers go out.
  return res !== undefined && !res.headersSent && !isCut(ctx)
}

/** Whether nothing more can come of the response: it is sent, or nobody is there any more. Without one, the connection counts. */
export function isResponseOver(ctx: Context): boolean {
  return (ctx as Messages).res?.writableFinished === true || isCut(ctx)
}

/** What a client had of its response when it went: nothing, or a part. `stayed`: the application has ended its response. */
export type Departure = 'unanswered' | 'midway' | 'stayed'

/** Without a response, nobody can tell. */
export function departureOf(ctx: Context): Departure {
  const { res } = ctx as Messages
  if (!res || !isCut(ctx)) return 'stayed'
  const isWhole = res.stream ? !res.stream.aborted : res.writableEnded !== false
  if (isWhole) return 'stayed'
  return res.headersSent ? 'midway' : 'unanswered'
}

const waiting = new WeakMap<object, (() => void)[]>()

/** Calls back once the response is over, which it is not yet. All who wait for the same response are one listener of it. */
export function whenResponseOver(ctx: Context, listener: () => void): void {
  const { req, res } = ctx as Messages
  const key: object = res ?? req?.socket ?? ctx
  const present = waiting.get(key)
  if (present) return void present.push(listener)
  const listeners = [listener]
  waiting.set(key, listeners)
  const callAll = (): void => {
    for (const each of listeners.splice(0)) each()
  }
  if (!res) return void req?.socket?.once('close', callAll)
  res.once?.('close', callAll)
  // A response that waits behind another one on its connection is not told that this is closed; its request is.
  req?.once?.('aborted', callAll)
}

/** Whether the way to the client is cut. */
function isCut(ctx: Context): boolean {
  const { req, res } = ctx as Messages
  if (!res) return req?.socket?.destroyed === true
  if (res.closed || res.destroyed || req?.aborted) return true
  const { stream, socket } = res
  if (stream) return Boolean(stream.destroyed || stream.closed || stream.aborted)
  return Boolean(socket && (socket.destroyed || socket.writable === false))
}
