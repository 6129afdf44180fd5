import type { ResolvedOptions } from './options'
import { refuse } from './rules'

/** Throws where sessions could not be bound to devices, or would be bound and not protected. */
export function checkBinding({ owner, externalKey, secure, signed, codec, partitioned }: ResolvedOptions): void {
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
  refuse(
    partitioned,
    'The session option "binding" is for a cookie that is not "partitioned": browsers bind no such cookie. Leave one out.',
  )
}
