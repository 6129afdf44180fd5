import { disregard } from '../base/awaitable'
import { SessionError } from '../base/errors'
import { dataOf, type Dictionary } from '../session/record'

/** Makes what tells whose a session is by its data, or by its record. */
export function ownerFrom(owner: ((data: Dictionary) => unknown) | undefined): (data: object) => string | undefined {
  if (!owner) return () => undefined
  return (data) => {
    const account = owner(dataOf(data)) ?? undefined
    if (account === undefined || typeof account === 'string') return account
    if (typeof account === 'number') return String(account)
    disregard(account)
    throw new SessionError(
      'ERR_SESSION_BAD_VALUE',
      `The option "owner" returned a value of type ${typeof account}. It returns the account's id, a string or a number; ` +
        'or undefined where nobody is signed in.',
    )
  }
}
