import { hashToken } from './token'

/** Stands for a session's id in messages on the bus. No id and no token has a space in it, so it is no hash of a token. */
export function hashSession(id: string): string {
  return hashToken(`session ${id}`)
}

/** What a message says instead of an owner, by what the store calls it. */
export function hashOwner(owner: string): string {
  return hashToken(`owner ${owner}`)
}
