import type { Context } from 'koa'
import type { BindableSession } from '../contracts/device-binding'
import { makeChallenge } from './challenges'
import type { DeviceBoundSettings } from './settings'
import type { DeviceKeys } from './device-keys'

/** Asks the browser to register a key for the session. One that cannot takes no notice. */
export function offer(ctx: Context, keys: DeviceKeys, { path }: DeviceBoundSettings, session: BindableSession): void {
  const challenge = makeChallenge(keys, ctx, 'register', subjectOf(session))
  ctx.set('Secure-Session-Registration', `(ES256 RS256);path="${path}/register";challenge="${challenge}"`)
}

/** The session that a registration is for. A session in its cookie has no id: there the account has to do. */
export function subjectOf({ id, owner = '' }: BindableSession): string {
  return id ?? owner
}
