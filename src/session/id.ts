const MAX_LENGTH = 512
/** What can stand in a cookie, a header and a file's name alike: visible ASCII, no path that climbs. */
const VISIBLE = /^[!-~]+$/
const CLIMBS = /(^|[\\/])\.{1,2}([\\/]|$)/

/** What every object has, so that a careless store would find it: `constructor`, `__proto__` and so on. */
const INHERITED = new Set(Object.getOwnPropertyNames(Object.prototype))

/** Whether a text can be a session's id at all; whether there is such a session, its store tells. */
export function isSessionId(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > MAX_LENGTH) return false
  return VISIBLE.test(value) && !(value.includes('.') && CLIMBS.test(value)) && !INHERITED.has(value)
}

/** Whether a cookie brings an id back as it is: a semicolon ends the cookie's value, and quotes around it are taken off. */
export function fitsCookie(id: string): boolean {
  return !id.includes(';') && !id.startsWith('"')
}
