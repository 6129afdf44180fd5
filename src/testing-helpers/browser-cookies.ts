import { SessionError } from '../base/errors'
import type { KeptCookie } from './cookie-jar'

/** A cookie as Playwright's `addCookies()` and `storageState` have it. */
export interface BrowserCookie {
  name: string
  value: string
  /** With a dot in front for the hosts below it as well. */
  domain: string
  path: string
  /** In seconds since 1970; -1 where the browser forgets it when it is closed. */
  expires: number
  httpOnly: boolean
  secure: boolean
  sameSite: 'Strict' | 'Lax' | 'None'
}

/** What Playwright's `newContext({ storageState })` takes. */
export interface StorageState {
  cookies: BrowserCookie[]
  origins: { origin: string; localStorage: { name: string; value: string }[] }[]
}

/** The names of this machine, which browsers trust as they do HTTPS. */
const LOCAL = /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/

/**
 * The cookies as the browser that has them from `url` keeps them.
 *
 * @throws {SessionError} `ERR_SESSION_OPTIONS` where a browser would not send them to that address
 */
export function browserCookies(cookies: readonly KeptCookie[], url: string): BrowserCookie[] {
  const { hostname, protocol } = parsed(url)
  return cookies.map((cookie) => {
    const { name, value, domain, path, expires = -1000, httpOnly, secure, sameSite } = cookie
    if (domain !== undefined && domain !== hostname && !hostname.endsWith(`.${domain}`)) {
      throw unsent(name, url, `it is for the domain ${domain}. Open the site under that domain, or leave out "domain"`)
    }
    if (secure && protocol !== 'https:' && !LOCAL.test(hostname)) {
      throw unsent(name, url, 'it goes over HTTPS only. Open the site with https:, or on localhost')
    }
    return {
      name,
      value,
      domain: domain === undefined ? hostname : `.${domain}`,
      path,
      expires: expires / 1000,
      httpOnly,
      secure,
      sameSite: sameSiteOf(sameSite),
    }
  })
}

/** Browsers take a cookie without the attribute as Lax. */
function sameSiteOf(sameSite = 'lax'): BrowserCookie['sameSite'] {
  if (/^strict$/i.test(sameSite)) return 'Strict'
  return /^none$/i.test(sameSite) ? 'None' : 'Lax'
}

function parsed(url: string): URL {
  if (URL.canParse(url)) return new URL(url)
  throw new SessionError('ERR_SESSION_OPTIONS', `"${url}" is no address. Pass one such as "http://localhost:3000".`)
}

function unsent(name: string, url: string, why: string): SessionError {
  return new SessionError('ERR_SESSION_OPTIONS', `No browser sends the cookie "${name}" to ${url}: ${why}.`)
}
