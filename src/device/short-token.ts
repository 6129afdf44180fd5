import type { Context } from 'koa'
import type { DeviceKeys } from './device-keys'

/** A session's token, and until when it opens the session: milliseconds since 1970. */
export interface ShortToken {
  readonly token: string
  readonly deadline: number
}

/**
 * `d1.deadline.mac.token`: the time in base 36, and one MAC over both. It stands in front of the token, which may be a sealed
 * record and has any form.
 */
const FORM = /^d1\.([0-9a-z]{1,10})\.([A-Za-z0-9_-]{43})\.(.+)$/s

/** Makes what the session's cookie holds of a session that is bound to its device. */
export function writeShortToken(keys: DeviceKeys, ctx: Context, { token, deadline }: ShortToken): string {
  const time = deadline.toString(36)
  return `d1.${time}.${keys.sign(ctx, `${time}.${token}`)}.${token}`
}

/** Takes it apart, whether its time is over or not; undefined for anything that was not made here. */
export function readShortToken(keys: DeviceKeys, ctx: Context, text: string): ShortToken | undefined {
  const [, time, mac, token] = FORM.exec(text) ?? []
  if (token === undefined || !keys.verify(ctx, `${time}.${token}`, mac)) return undefined
  return { token, deadline: Number.parseInt(time, 36) }
}
