import { cookieFingerprint } from './cookie-fingerprint'
import type { ToldCookie } from './explanation'

/** What a Set-Cookie line tells, without the value. */
export function toldBy(line: string, { hasStore, now }: { hasStore: boolean; now: number }): ToldCookie {
  const [pair, ...attributes] = line.split(';').map((part) => part.trim())
  const equals = pair.indexOf('=')
  const value = pair.slice(equals + 1)
  const expires = Date.parse(attributeOf(attributes, 'expires') ?? '')
  return {
    cookie: pair.slice(0, equals),
    does: value === '' || expires <= now ? 'clear' : 'set',
    fingerprint: value === '' ? 'none' : cookieFingerprint(value, hasStore),
    attributes,
  }
}

/** The value of an attribute, an empty text for one that has none; undefined where it is not there. */
export function attributeOf(attributes: readonly string[], name: string): string | undefined {
  const found = attributes.find((attribute) => attribute.split('=', 1)[0].toLowerCase() === name)
  return found?.slice(name.length + 1)
}
