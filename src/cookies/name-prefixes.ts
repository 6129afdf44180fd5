/** What browsers ask of a cookie because of its name. */
export interface NameRules {
  /** The cookie has to be Secure. */
  readonly needsSecure: boolean
  /** The cookie has to be HttpOnly. */
  readonly needsHttpOnly: boolean
  /** The cookie has to have the path `/` and no domain. */
  readonly needsOneHost: boolean
}

/**
 * The rules of the names that begin with `__Secure-` and `__Host-` (RFC 6265bis, section 4.1.3), and with `__Http-` and
 * `__Host-Http-` (its successor, draft-ietf-httpbis-layered-cookies, "Cookie Name Prefixes"). Browsers compare without
 * regard to case.
 */
export function rulesOfName(name: string): NameRules {
  return {
    needsSecure: /^__(secure|host|http)-/i.test(name),
    needsHttpOnly: /^__(host-)?http-/i.test(name),
    needsOneHost: /^__host-/i.test(name),
  }
}
