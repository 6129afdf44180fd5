/**
 * What became of a cookie of the session that a request presented.
 *
 * - `accepted`: it has opened the session.
 * - `old-key`: the same, and its signature is of an older key of `app.keys`: the response signs it anew.
 * - `unsigned`: it came without its signature, the cookie of the same name with `.sig` behind it.
 * - `bad-signature`: none of `app.keys` has made its signature.
 * - `malformed`: the codec cannot read it, or it cannot be an id, or what the store returned for it is no record.
 * - `piece-missing`: with the option `chunks`, not all of the cookies came.
 * - `unknown-id`: the store has no record of it.
 * - `expired`, `idle`, `too-old`: its time is past: the one of `maxAge`, `idleTimeout` or `absoluteTimeout`.
 * - `rotated-away`: the client was given another token since, and this one opens nothing any more.
 * - `earlier-generation`: the same, by somebody who signed in or confirmed who they are.
 * - `replayed`: the same, so long ago that it is a copy, or its owner's whom a copy has overtaken: see `rotateEvery`.
 * - `ended`: the session was ended, with the option `ends`; `ends-lost`: it began in a store of ends that is no more.
 * - `unproven-device`: the session is bound to a device, and the request has not proved that it comes from there.
 * - `invalid`: the option `valid` refused the session.
 * - `cross-site`: a page of another site made the request.
 * - `store-error`: the session could not be read, as the store has failed; `error` of the explanation has the code.
 * - `failed`: it could not be judged, as something else has failed: `valid` or `decode` threw, or there are no keys.
 * - `passed-over`: another cookie of the name was accepted, or there were more than are looked at.
 * - `not-asked`: nobody has asked for the session.
 */
export type CookieFate =
  | 'accepted'
  | 'old-key'
  | 'unsigned'
  | 'bad-signature'
  | 'malformed'
  | 'piece-missing'
  | 'unknown-id'
  | 'expired'
  | 'idle'
  | 'too-old'
  | 'rotated-away'
  | 'earlier-generation'
  | 'replayed'
  | 'ended'
  | 'ends-lost'
  | 'unproven-device'
  | 'invalid'
  | 'cross-site'
  | 'store-error'
  | 'failed'
  | 'passed-over'
  | 'not-asked'

/**
 * By what a session was ended, with the option `ends`: the narrowest end that this process knows.
 *
 * - `session`: its own id: a logout, or {@link SessionService.revoke}.
 * - `owner`: all sessions of its owner.
 * - `everybody`: all sessions there are.
 * - `key`: another key of it.
 */
export type EndedBy = 'session' | 'owner' | 'everybody' | 'key'

/**
 * What was written of a request's session, and why.
 *
 * - `nothing`: there was no need, or no commit so far, or it has failed. What has no store is written where its cookie is set.
 * - `changed`: the data have changed.
 * - `save`, `regenerate`, `confirm`, `touch`: this verb was called.
 * - `rolling`, `renew`: to extend its life, with this option.
 * - `seen`: to note that its owner uses it.
 * - `forced`: `maxAge` was set, `once()` has noted who is at work, or the client is to have a token with a secret.
 * - `signed`: the cookie alone, anew, under the first of `app.keys`.
 * - `cleared`: nothing; the client was told to forget its cookie.
 * - `removed`: the session was ended by this request.
 * - `gone`: nothing: the session was ended, or has changed hands, while the request used it.
 * - `detached`: nothing so far: the same, and the request goes on with a session of its own.
 */
export type WrittenBecause =
  | 'nothing'
  | 'changed'
  | 'save'
  | 'regenerate'
  | 'confirm'
  | 'touch'
  | 'rolling'
  | 'renew'
  | 'seen'
  | 'forced'
  | 'signed'
  | 'cleared'
  | 'removed'
  | 'gone'
  | 'detached'

/**
 * What is most probably wrong with a request's session, in one word. `NODE_DEBUG=koa-session-service` prints a sentence with it,
 * and the page on troubleshooting has a table of all of them.
 */
export type SessionHint =
  | 'no-app-proxy'
  | 'plain-http'
  | 'no-keys'
  | 'too-large'
  | 'store-error'
  | 'cross-site'
  | 'same-site-none'
  | 'other-domain'
  | 'no-middleware'
  | 'before-middleware'
  | 'two-cookies'
  | 'secure-lost'
  | 'other-host'
  | 'other-path'
  | 'same-site'
  | 'not-sent-back'
  | 'overwritten'
  | 'other-keys'
  | 'unsigned'
  | 'other-codec'
  | 'no-record'
  | 'piece-missing'
  | 'store-forgets'
  | 'unknown-record'
  | 'clock'
  | 'short-life'
  | 'old-token'
  | 'copied-cookie'
  | 'too-late'
  | 'taken-away'
  | 'not-committed'
  | 'private-keys'
