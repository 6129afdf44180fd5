import { hashToken } from '../session/token'
import { checkOwner, MAX_OWNER_LENGTH } from '../stores/checks'

/**
 * What a store calls an owner: the name of the session's cookie, "=", and the owner. So owners of two services on one store
 * are two, and a customer 7 is no employee 7: no cookie's name has a "=" in it.
 *
 * What is too long for a store is hashed; no hash has a "=" in it.
 *
 * @throws {SessionError} `ERR_SESSION_BAD_VALUE` for what no store takes as an owner
 */
export function storedOwner(key: string, owner: string): string {
  const name = `${key}=${checkOwner(owner)}`
  return name.length <= MAX_OWNER_LENGTH ? name : hashToken(`owner ${name}`)
}
