import { cookieFingerprint } from './cookie-fingerprint'
import type { ToldCookie } from './explanation'

/** How long a cookie may be over that a slow response sets, and not clears, in milliseconds. */
const SLOWEST = 60_000

/** What a Set-Cookie line tells, without the value. */
export function toldBy(line: string, { hasStore, now }: { hasStore: boolean; now: number }): ToldCookie {
  const [pair, ...attributes] = line.split(';').map((part) => part.trim())
  const equals = pair.indexOf('=')
  const value = pair.slice(equals + 1)
  return {
    cookie: pair.slice(0, equals),
    does: value === '' || isPast(attributes, now) ? 'clear' : 'set',
    fingerprint: value === '' ? 'none' : cookieFingerprint(value, hasStore),
    attributes,
  }
}

/** Whether the cookie was over before it was set. One with a life below a second expires in the second in which it is set. */
function isPast(attributes: readonly string[], now: number): boolean {
  const maxAge = attributeOf(attributes, 'max-age')
  if (maxAge !== undefined) return Number(maxAge) <= 0
  return Date.parse(attributeOf(attributes, 'expires') ?? '') <= now - SLOWEST
}

/** The value of an attribute, an empty text for one that has none; undefined where it is not there. */
export function attributeOf(attributes: readonly string[], name: string): string | undefined {
  const found = attributes.find((attribute) => attribute.split('=', 1)[0].toLowerCase() === name)
  return found?.slice(name.length + 1)
}
