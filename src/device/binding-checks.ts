import { SessionError } from '../base/errors'
import type { BindingHost, BoundNames } from '../contracts/device-binding'
import { rulesOfName } from '../cookies/name-prefixes'
import { cookiesOf } from '../options/name-checks'
import { refuse } from '../options/checks/rules'

/** Throws where sessions could not be bound to devices, or would be bound and not protected. */
export function checkBinding({ key, hasStore, options }: BindingHost): void {
  const { owner, externalKey, secure, signed, codec, partitioned } = options
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
    rulesOfName(key).needsHttpOnly && hasStore,
    'The session option "binding" is for a cookie that browsers watch: Chromium renews none whose name begins with ' +
      '"__Host-Http-" or "__Http-". Pass key: "__Host-session".',
  )
  refuse(
    partitioned,
    'The session option "binding" is for a cookie that is not "partitioned": browsers bind no such cookie. Leave one out.',
  )
}

/**
 * @throws {SessionError} `ERR_SESSION_CLASH` where the bindings of two sessions of one app would answer the same requests, or the
 * cookie of one is the other session's
 */
export function checkBeside(session: BoundNames, other: BoundNames): void {
  const { binding, options } = session
  if (binding && binding.path === other.binding?.path) {
    throw new SessionError(
      'ERR_SESSION_CLASH',
      `The sessions "${other.options.key}" and "${options.key}" are both bound to devices at ${binding.path}, and the second one ` +
        'never would be. Give one of them a path of its own: deviceBound({ path }).',
    )
  }
  if (
    !overlap(boundCookiesOf(session), allCookiesOf(other)) &&
    !overlap(boundCookiesOf(other), allCookiesOf(session))
  ) {
    return
  }
  throw new SessionError(
    'ERR_SESSION_CLASH',
    `The sessions "${other.options.key}" and "${options.key}" have a cookie of the same name: one that is bound to devices has ` +
      'a second cookie, whose name is made of its "key". Give one of them another "key".',
  )
}

function boundCookiesOf({ options, binding }: BoundNames): string[] {
  return binding ? cookiesOf({ ...options, key: binding.cookie }) : []
}

function allCookiesOf(session: BoundNames): string[] {
  return [...cookiesOf(session.options), ...boundCookiesOf(session)]
}

function overlap(one: readonly string[], other: readonly string[]): boolean {
  return one.some((name) => other.includes(name))
}
