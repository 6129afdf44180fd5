import { SessionError } from '../base/errors'
import type { Serializer } from '../session/serializer'

/** @throws {SessionError} `ERR_SESSION_OPTIONS` for what is no serializer; `taker` names who was given it */
export function checkSerializer(serializer: unknown, taker: string): Serializer {
  const { stringify, parse } = serializer as Partial<Serializer>
  if (typeof stringify === 'function' && typeof parse === 'function') return serializer as Serializer
  throw new SessionError(
    'ERR_SESSION_OPTIONS',
    `${taker} takes an object with the functions stringify and parse. Leave it out for JSON.`,
  )
}
