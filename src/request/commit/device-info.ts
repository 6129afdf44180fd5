import type { Context } from 'koa'
import { disregard, isPromise } from '../../base/awaitable'
import { SessionError } from '../../base/errors'
import { isRecord } from '../../session/record'
import type { DeviceInfo } from '../../session/sign-in-info'

/** How long what is kept of a device may be, as JSON, in bytes. */
const MAX_DEVICE_BYTES = 512

/**
 * What the option `device` says of a request, as it is kept.
 *
 * @throws {SessionError} `ERR_SESSION_BAD_VALUE` for what is no plain object, or too long
 */
export function deviceInfoOf(device: (ctx: Context) => DeviceInfo, ctx: Context): DeviceInfo {
  const value: unknown = device(ctx)
  const text = isRecord(value) && !isPromise(value) ? jsonOf(value) : undefined
  disregard(value)
  if (text === undefined) throw badDevice(`a value that is no plain object of JSON: ${typeof value}`)
  const size = Buffer.byteLength(text)
  if (size > MAX_DEVICE_BYTES) throw badDevice(`${size} bytes of JSON`)
  return JSON.parse(text) as DeviceInfo
}

function jsonOf(value: object): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}

function badDevice(given: string): SessionError {
  return new SessionError(
    'ERR_SESSION_BAD_VALUE',
    `The option "device" returned ${given}. It returns an object such as { ip, userAgent }, of ${MAX_DEVICE_BYTES} bytes as ` +
      'JSON at most: cut what comes from the client, with userAgent.slice(0, 200) for example.',
  )
}
