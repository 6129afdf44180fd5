import { rulesOfName } from '../cookies/name-prefixes'
import type { ResolvedOptions } from './options'
import { refuse } from './rules'

/** Throws where sessions could not be bound to devices, or would be bound and not protected. */
export function checkBinding(options: ResolvedOptions): void {
  const { owner, externalKey, secure, signed, codec, partitioned, key, store, ContextStore } = options
  refuse(
    !owner,
    'The session option "binding" binds the sessions of accounts. Add "owner", which says whose a session is.',
  )
  refuse(
    externalKey,
    'The session option "binding" is for a session that a cookie carries: browsers bind no other. Leave out "externalKey".',
  )
  refuse(
    signed !== true && !codec?.isSelfAuthenticating,
    'The session option "binding" protects what its holder cannot forge. Leave out "signed", or add codec: sealed({ keys }).',
  )
  refuse(
    secure === false,
    'The session option "binding" is for a cookie that goes over HTTPS. Leave out secure: false.',
  )
  // Without a store it is the second cookie that they watch.
  refuse(
    rulesOfName(key).needsHttpOnly && (store ?? ContextStore),
    'The session option "binding" is for a cookie that browsers watch: Chromium renews none whose name begins with ' +
      '"__Host-Http-" or "__Http-". Pass key: "__Host-session".',
  )
  refuse(
    partitioned,
    'The session option "binding" is for a cookie that is not "partitioned": browsers bind no such cookie. Leave one out.',
  )
}
