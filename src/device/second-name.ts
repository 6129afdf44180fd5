import type { BindingHost } from '../contracts/device-binding'

/** The prefixes that a cookie's name may have. Browsers compare without regard to case. */
const PREFIX = /^__(host-http-|host-|http-|secure-)/i

/**
 * The name of the cookie that goes beside the session's own, with the strongest prefix that its path allows. No other host of
 * the site can set a `__Host-` cookie: it asks for the path `/` and no domain. `__Secure-` asks for HTTPS alone, and without that
 * no session is bound. Chromium (156) renews no cookie of a `__Host-Http-` name.
 */
export function nameOfSecond({ key, hasStore, options: { path = '/', domain } }: BindingHost): string {
  const isOneHost = !hasStore && path === '/' && (domain === undefined || domain === null)
  return `${isOneHost ? '__Host-' : '__Secure-'}${key.replace(PREFIX, '')}.bound`
}
