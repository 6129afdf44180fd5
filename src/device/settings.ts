import { nearestName } from '../base/nearest-name'
import { describe, invalid } from '../options/checks/rules'
import { isLongSecret, MIN_SECRET_BYTES } from './device-keys'

const SECOND = 1000
const DAY = 24 * 60 * 60 * SECOND

/** What `deviceBound()` takes. Times are in milliseconds. */
export interface DeviceBoundOptions {
  /** How long a cookie opens its session until the browser has to prove the key again, from one second to one day. Default: ten minutes. */
  lifetime?: number
  /** Where the protocol is answered: `POST path/register` and `POST path/refresh`. Default: `/device-bound-session`. */
  path?: string
  /**
   * Binds the cookie on every host of the site, and not on this one alone: for a session whose option `domain` is the whole
   * site. Default: false.
   */
  includeSite?: boolean
  /** Paths below which the browser need not renew the cookie before it asks: those that need no session. Default: none. */
  exclude?: readonly string[]
  /**
   * Hosts of other sites whose links and forms may let the browser renew the cookie first: `example.com`, `*.example.com`, or
   * `*` for all. Without it, a visitor who comes over a link after `lifetime` is signed out for that one page; with it, another
   * site may find out by the time that it takes whether a visitor is signed in. Default: `['*']` with a store; none for a session
   * in its cookie, which such a renewal would not carry.
   */
  initiators?: readonly string[]
  /** Secrets for challenges and short-lived tokens, of at least 32 bytes each, the newest first. Default: `app.keys`, of the same length. */
  keys?: readonly (string | Uint8Array)[]
}

/** The options with their defaults. */
export interface DeviceBoundSettings {
  readonly lifetime: number
  readonly path: string
  readonly includeSite: boolean
  readonly exclude: readonly string[]
  /** Undefined where the session decides. */
  readonly initiators: readonly string[] | undefined
  readonly keys: readonly (string | Uint8Array)[] | undefined
}

type Rules = {
  [Name in keyof Required<DeviceBoundOptions>]: readonly [allowed: string, check: (value: unknown) => boolean]
}

const RULES: Rules = {
  lifetime: [
    'a number of milliseconds, from 1000 to 86400000',
    (value) => typeof value === 'number' && value >= SECOND && value <= DAY,
  ],
  path: ['a path such as "/device-bound-session", without a "/" at its end', isPath],
  includeSite: ['true or false', (value) => typeof value === 'boolean'],
  exclude: ['a list of paths such as "/static"', (value) => Array.isArray(value) && value.every(isPath)],
  initiators: ['a list of hosts such as "example.com", "*.example.com" or "*"', areHosts],
  keys: [`a list of secrets of at least ${MIN_SECRET_BYTES} bytes each`, areKeys],
}

/** @throws {SessionError} `ERR_SESSION_OPTIONS` for an option that cannot be */
export function settingsOf(options: unknown): DeviceBoundSettings {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalid(`deviceBound() takes an object of options, not ${describe(options)}.`)
  }
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(RULES, name)) {
      const nearest = nearestName(name, Object.keys(RULES))
      const guess = nearest === undefined ? '' : ` Did you mean "${nearest}"?`
      throw invalid(`Unknown option "${name}" of deviceBound().${guess} It takes ${Object.keys(RULES).join(', ')}.`)
    }
    const [allowed, check] = RULES[name as keyof Rules]
    if (value === undefined || check(value)) continue
    throw invalid(
      `The option "${name}" of deviceBound() takes ${allowed}, not ${name === 'keys' ? 'these' : describe(value)}.`,
    )
  }
  const {
    lifetime = 600 * SECOND,
    path = '/device-bound-session',
    includeSite = false,
    exclude = [],
    keys,
    initiators,
  } = options as DeviceBoundOptions
  return Object.freeze({
    lifetime,
    path,
    initiators: initiators && [...initiators],
    includeSite,
    exclude: [...exclude],
    keys: keys && [...keys],
  })
}

function isPath(value: unknown): boolean {
  return typeof value === 'string' && /^(\/[A-Za-z0-9._~-]+)+$/.test(value)
}

function areHosts(value: unknown): boolean {
  const isHost = (host: unknown): boolean =>
    typeof host === 'string' && /^(\*|(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*)$/i.test(host)
  return Array.isArray(value) && value.every(isHost)
}

function areKeys(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(isLongSecret)
}
