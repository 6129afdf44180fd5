import { SessionError } from '../base/errors'

/** A response with cookies in it: of fetch, supertest, Playwright's requests or light-my-request. */
export interface CookieResponse {
  readonly headers: unknown
}

/**
 * The Set-Cookie lines of a response.
 *
 * @throws {SessionError} `ERR_SESSION_BAD_VALUE` for what has no headers
 */
export function setCookieLinesOf(response: CookieResponse | null | undefined): string[] {
  const { headers, headersArray } = (response ?? {}) as { headers: unknown; headersArray?: () => HeaderLine[] }
  if (typeof headersArray === 'function') return linesIn(headersArray.call(response))
  if (hasSetCookie(headers)) return headers.getSetCookie()
  if (typeof headers === 'object' && headers !== null)
    return linesOf((headers as Record<string, unknown>)['set-cookie'])
  throw new SessionError(
    'ERR_SESSION_BAD_VALUE',
    `follow() was given ${response === null ? 'null' : `a value of type ${typeof response}`} without headers. It takes a ` +
      'response of fetch, supertest or Playwright: await the request first.',
  )
}

interface HeaderLine {
  name: string
  value: string
}

function linesIn(headers: HeaderLine[]): string[] {
  return headers.filter(({ name }) => name.toLowerCase() === 'set-cookie').map(({ value }) => value)
}

function linesOf(header: unknown): string[] {
  const lines: unknown[] = Array.isArray(header) ? header : [header]
  return lines.filter((line) => typeof line === 'string')
}

function hasSetCookie(headers: unknown): headers is { getSetCookie(): string[] } {
  return typeof (headers as { getSetCookie?: unknown } | null | undefined)?.getSetCookie === 'function'
}
