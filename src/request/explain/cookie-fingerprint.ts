import { createHash, randomBytes } from 'node:crypto'
import { fingerprint, parseToken } from '../../session/token'

/** What a cookie without an id is told apart by: within this process, so that nobody can try guesses at what it holds. */
let salt: Buffer | undefined
const SALT_BYTES = 16
const LENGTH = 8

/** A short hash of a cookie's value that opens nothing: where it is a token of a store, the fingerprint of its session. */
export function cookieFingerprint(value: string, hasStore: boolean): string {
  const id = hasStore ? parseToken(value)?.id : undefined
  if (id !== undefined) return fingerprint(id)
  // Not when the module is loaded: workerd draws nothing at random outside a request.
  salt ??= randomBytes(SALT_BYTES)
  return createHash('sha256').update(salt).update(value).digest('base64url').slice(0, LENGTH)
}
