import { disregard } from '../../base/awaitable'
import { SessionError } from '../../base/errors'
import { accountOf, describeAccount } from '../../session/account'
import { dataOf, type Dictionary } from '../../session/record'

/** Makes what tells whose a session is by its data, or by its record. */
export function ownerFrom(owner: ((data: Dictionary) => unknown) | undefined): (data: object) => string | undefined {
  if (!owner) return () => undefined
  return (data) => {
    const given = owner(dataOf(data)) ?? undefined
    const account = accountOf(given)
    if (given === undefined || account !== undefined) return account
    disregard(given)
    throw new SessionError(
      'ERR_SESSION_BAD_VALUE',
      `The option "owner" returned ${describeAccount(given)}. It returns the account's id, a text that is not empty or a ` +
        'number; or undefined where nobody is signed in.',
    )
  }
}
