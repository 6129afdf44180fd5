import { randomBytes } from 'node:crypto'
import { sealed } from '../codecs/sealed-codec'
import { SessionError } from '../base/errors'
import { usesStore, type SessionOptions } from './options'
import type { SessionData } from '../session/session'

const MINUTE = 60 * 1000
const HOUR = 60 * MINUTE

/** What {@link hardened} takes: every session option, and the keys of a session that rests in its cookie. */
export type HardenedOptions<Data extends object = SessionData> = SessionOptions<Data> & {
  /** Secrets of at least 32 bytes for sealed cookies, the newest first; needed where there is no store. */
  keys?: readonly (string | Uint8Array)[]
}

/**
 * Options for a session that has something to protect. Every value can be overridden.
 *
 * | option | value | source |
 * | --- | --- | --- |
 * | `key` | `__Host-Http-session`; `__Host-session` where scripts may read it, and with `binding` | RFC 6265bis 4.1.3.2 ¹; OWASP ASVS 5.0, 3.3.1 and 3.3.3 |
 * | `secure`, `path` | true, `/` | RFC 6265bis 4.1.3.2; OWASP ASVS 5.0, 3.3.1 |
 * | `httpOnly` | true | OWASP ASVS 5.0, 3.3.4 |
 * | `sameSite` | `lax` | OWASP ASVS 5.0, 3.3.2 |
 * | `genid` | 256 random bits | OWASP ASVS 5.0, 7.2.3, which asks for 128 |
 * | `hashTokens` | true, with a store | a dump of the store opens no session |
 * | `codec` | `sealed({ keys })`, without a store | the holder of a cookie can neither read nor change it |
 * | `maxAge` | `'session'` | the browser forgets the cookie when it is closed |
 * | `idleTimeout` | 30 minutes | OWASP ASVS 5.0, 7.3.1; NIST SP 800-63B-4, 2.2.3 ² |
 * | `absoluteTimeout` | 12 hours | OWASP ASVS 5.0, 7.3.2; NIST SP 800-63B-4, 2.2.3 and 2.3.3 ² |
 * | `preventCaching` | true | OWASP ASVS 5.0, 14.3.2 |
 * | `crossSite` | `'refuse'` | OWASP ASVS 5.0, 3.5.1; W3C Fetch Metadata Request Headers |
 *
 * ¹ Approved in December 2025, draft 22. Of `__Host-Http-`, which no script can set, says its successor,
 * draft-ietf-httpbis-layered-cookies: Chrome and Edge 140 and Firefox 143 enforce it. Every other browser, Safari 27 among
 * them, reads the name as one with `__Host-` and enforces that, so that nothing is lost there.
 *
 * ² At AAL2 an hour without use and 24 hours in all are the most. AAL3 asks for 12 hours, and for 15 minutes without use:
 * there, set `idleTimeout`.
 *
 * @example
 * app.use(session(hardened({ store: new MemoryStore() }), app))
 * app.use(session(hardened({ keys: ['at least 32 bytes of secret, from the environment'] }), app))
 *
 * @throws {SessionError} `ERR_SESSION_OPTIONS` where there is neither a store nor a codec nor keys
 */
export function hardened<Data extends object = SessionData>(
  options: HardenedOptions<Data> = {},
): Readonly<SessionOptions<Data>> {
  const { keys, ...others } = options
  const isSet = ([, value]: [string, unknown]): boolean => value !== undefined && value !== null
  const given = Object.fromEntries(Object.entries(others).filter(isSet)) as SessionOptions<Data>
  const preset: SessionOptions<Data> = {
    // Scripts that are to read the cookie cannot have the name that says that none does; and browsers bind none of that name.
    key: (given.httpOnly ?? true) === true && !given.binding ? '__Host-Http-session' : '__Host-session',
    secure: true,
    path: '/',
    httpOnly: true,
    sameSite: 'lax',
    maxAge: 'session',
    idleTimeout: 30 * MINUTE,
    absoluteTimeout: 12 * HOUR,
    preventCaching: true,
    crossSite: 'refuse',
  }
  const hasStore = usesStore(given)
  const hasCodec = Boolean(given.codec ?? given.encode)
  const added = hasStore ? storePreset() : hasCodec ? {} : cookiePreset(keys)
  return Object.freeze({ ...preset, ...added, ...given } as SessionOptions<Data>)
}

function storePreset(): Pick<SessionOptions, 'genid' | 'hashTokens'> {
  return { genid: () => randomBytes(32).toString('base64url'), hashTokens: true }
}

function cookiePreset(keys: HardenedOptions['keys']): Pick<SessionOptions, 'codec'> {
  if (keys) return { codec: sealed({ keys }) }
  throw new SessionError(
    'ERR_SESSION_OPTIONS',
    'A hardened session rests in a store, or sealed in its cookie. Pass a "store", or "keys": secrets of at least 32 bytes.',
  )
}
