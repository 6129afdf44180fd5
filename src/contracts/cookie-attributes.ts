/** The attributes of a session's cookie, as the `cookies` package takes them. */
export interface CookieAttributes {
  /** Hides the cookie from scripts in the page. Default: true. */
  httpOnly?: boolean
  /** Signs the cookie with `app.keys`. Default: true. */
  signed?: boolean
  /** Replaces a cookie of the same name that the response has already set. Default: true. */
  overwrite?: boolean
  /** Sends the cookie over HTTPS only. Default: as the connection is. */
  secure?: boolean
  /** Which requests from other sites carry the cookie; null means that the attribute is not set. Default: not set. */
  sameSite?: 'strict' | 'lax' | 'none' | boolean | null
  /** The domain whose hosts get the cookie. Default: this host alone. */
  domain?: string
  /** The path below which the cookie is sent. Default: `/`. */
  path?: string
  /** Keeps the cookie apart for every top-level site (CHIPS). Default: false. */
  partitioned?: boolean
  /** Which cookies a browser drops first (Chromium). Default: not set. */
  priority?: 'low' | 'medium' | 'high'
  /** When a cookie of a `'session'` lifetime expires all the same. Default: not set. */
  expires?: Date
}

/** Whether a `sameSite` is the one that browsers accept on secure cookies alone. */
export function isSameSiteNone(sameSite: unknown): boolean {
  return typeof sameSite === 'string' && sameSite.toLowerCase() === 'none'
}
