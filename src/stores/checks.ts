import { isPromise } from '../base/awaitable'
import { SessionError } from '../base/errors'

/** How many characters the name of an owner may have. */
export const MAX_OWNER_LENGTH = 255
/** The longest life of a record, in milliseconds: 31,000 years; twice that can be added to a time without loss. */
const MAX_LIFE = 1e15

/**
 * The owner as every store takes it. A text that a database would cut, change or refuse is refused here, so that it is the
 * same everywhere and two owners never become one.
 *
 * @throws {SessionError} `ERR_SESSION_BAD_VALUE`
 */
export function checkOwner(owner: unknown): string {
  if (typeof owner === 'number' && Number.isFinite(owner)) return String(owner)
  if (typeof owner !== 'string') throw badOwner(`a ${typeof owner}`)
  if (owner.length > MAX_OWNER_LENGTH && Array.from(owner).length > MAX_OWNER_LENGTH) {
    throw badOwner(`a text of ${owner.length} characters`)
  }
  if (owner.includes('\0')) throw badOwner('a text with a NUL character')
  if (/\p{Surrogate}/u.test(owner)) throw badOwner('a text with half of a surrogate pair')
  return owner
}

/**
 * A record's life in whole milliseconds; a fraction is rounded up, so that nothing is forgotten too early.
 *
 * @throws {SessionError} `ERR_SESSION_BAD_VALUE`
 */
export function checkLife(maxAge: unknown): number {
  if (typeof maxAge === 'number' && maxAge <= MAX_LIFE) return Math.ceil(maxAge)
  throw new SessionError(
    'ERR_SESSION_BAD_VALUE',
    `A store keeps a record for a number of milliseconds, ${MAX_LIFE} at most: not for ${String(maxAge)}. ` +
      'Give the session a shorter "maxAge".',
  )
}

/**
 * What a store is built over is looked at when that is done: an address, or a promise of a store, would fail later.
 *
 * @param takes what is taken, in words; what is given instead is not repeated, as an address may hold a password
 * @throws {SessionError} `ERR_SESSION_OPTIONS`
 */
export function checkMethods(given: unknown, methods: readonly string[], takes: string): void {
  const found = given as Partial<Record<string, unknown>> | null | undefined
  if (methods.every((name) => typeof found?.[name] === 'function')) return
  const cure = isPromise(given) ? ' Await it first.' : ''
  const what = isPromise(given) ? 'a promise' : typeof given === 'string' ? 'a text' : 'something else'
  throw new SessionError('ERR_SESSION_OPTIONS', `${takes}, not ${what}.${cure}`)
}

function badOwner(given: string): SessionError {
  return new SessionError(
    'ERR_SESSION_BAD_VALUE',
    `The owner of a session is a number, or a text of ${MAX_OWNER_LENGTH} characters at most without NUL: not ${given}. ` +
      'Let the option "owner" return the account\'s id.',
  )
}
