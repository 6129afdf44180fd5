import { SessionError } from '../base/errors'
import { accountOf, describeAccount } from '../session/account'

export function checkGivenOwner(owner: unknown): void {
  if (accountOf(owner) !== undefined) return
  throw new SessionError(
    'ERR_SESSION_BAD_VALUE',
    `An owner is the account's id, a text that is not empty or a number as the option "owner" returns it: not ` +
      `${describeAccount(owner)}. Leave it out to mean who is signed in with this request.`,
  )
}

export function checkExcept(except: unknown): void {
  if (except === undefined || typeof except === 'string') return
  throw new SessionError(
    'ERR_SESSION_BAD_VALUE',
    `sessions.revokeAll({ except }) takes 'current' or a handle of sessions.list(): not ${describeAccount(except)}.`,
  )
}

export function withoutOwners(): SessionError {
  return new SessionError(
    'ERR_SESSION_OPTIONS',
    'Sessions are listed and ended by their owner, and the options do not say whose a session is. Add the option "owner".',
  )
}

export function checkMethod(method: unknown): void {
  if (method === undefined || (typeof method === 'string' && method.length > 0 && method.length <= 64)) return
  throw new SessionError(
    'ERR_SESSION_BAD_VALUE',
    'sessions.confirm({ method }) takes the name of a method, a text of 1 to 64 characters such as "password".',
  )
}
