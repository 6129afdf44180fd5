import type { AttachedBinding, BindingHost, DeviceBinding } from '../contracts/device-binding'
import { BoundSessions } from './bound-sessions'
import { settingsOf, type DeviceBoundOptions } from './settings'

/**
 * Binds signed-in sessions to the device that they were begun on, in browsers that can: Device Bound Session Credentials, a
 * draft of the W3C. What is copied off the device opens a session for `lifetime` at most, and cannot be renewed elsewhere.
 * Other browsers keep the session's cookie as it is. The session needs the option `owner`, and HTTPS. From
 * `koa-session-service/dbsc`.
 *
 * Experimental: names and behaviour follow the draft, outside of semantic versioning.
 *
 * @example
 * app.use(session({ store: new MemoryStore(), owner: ({ userId }) => userId, binding: deviceBound() }, app))
 *
 * @throws {SessionError} `ERR_SESSION_OPTIONS` for an option that cannot be
 */
export function deviceBound(options: DeviceBoundOptions = {}): DeviceBinding {
  const settings = settingsOf(options)
  return { attach: (host: BindingHost): AttachedBinding => new BoundSessions(host, settings) }
}
