import { closest } from 'fastest-levenshtein'
import { isSameSiteNone } from './contracts/cookie-attributes'
import { SessionError } from './errors'
import { ONE_DAY, type ResolvedOptions } from './options'

/** The longest life that browsers give a cookie (RFC 6265bis, section 5.5): 400 days, in milliseconds. */
const MAX_LIFETIME = 400 * ONE_DAY

type Check = (value: unknown) => boolean
/** What an option takes, in words and as a check. */
type Rule = readonly [allowed: string, check: Check]

const isFunction: Check = (value) => typeof value === 'function'
const hasMethods =
  (...names: string[]): Check =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    names.every((name) => isFunction((value as Record<string, unknown>)[name]))
const isClassWith =
  (...names: string[]): Check =>
  (value) =>
    typeof value === 'function' && hasMethods(...names)((value as { prototype?: unknown }).prototype)
const isDuration: Check = (value) => typeof value === 'number' && value > 0 && value <= MAX_LIFETIME
const matches =
  (pattern: RegExp): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value)
const anyOf =
  (...checks: Check[]): Check =>
  (value) =>
    checks.some((check) => check(value))
const oneOf =
  (...values: unknown[]): Check =>
  (value) =>
    values.includes(typeof value === 'string' ? value.toLowerCase() : value)

const STORE_METHODS = ['get', 'set', 'destroy']
/** The rule for an option that can also be a function of the request's context. */
const perRequest = ([allowed, check]: Rule): Rule => [`${allowed}, or a function of ctx`, anyOf(check, isFunction)]
const BOOLEAN: Rule = ['true or false', (value) => typeof value === 'boolean']
const FUNCTION: Rule = ['a function', isFunction]
const DURATION: Rule = ['a positive number of milliseconds, 400 days at most', isDuration]
const LIFETIME: Rule = [
  "a positive number of milliseconds, 400 days at most, or 'session'",
  anyOf(isDuration, (value) => value === 'session'),
]

const RULES: Record<keyof ResolvedOptions | 'maxage', Rule> = {
  // A cookie's name is a token (RFC 9110, section 5.6.2); `koa:sess`, the name of koa-session 5, is let in beside it.
  key: ["a cookie name: letters, digits and !#$%&'*+-.^_`|~", matches(/^[!#$%&'*+\-.^_`|~0-9A-Za-z:]+$/)],
  maxAge: LIFETIME,
  maxage: LIFETIME,
  autoCommit: BOOLEAN,
  overwrite: perRequest(BOOLEAN),
  httpOnly: perRequest(BOOLEAN),
  signed: perRequest(BOOLEAN),
  rolling: BOOLEAN,
  renew: BOOLEAN,
  secure: perRequest(["true, false or 'auto'", oneOf(true, false, 'auto')]),
  partitioned: perRequest(BOOLEAN),
  sameSite: perRequest(["'strict', 'lax', 'none', true or false", oneOf('strict', 'lax', 'none', true, false)]),
  priority: perRequest(["'low', 'medium' or 'high'", oneOf('low', 'medium', 'high')]),
  domain: perRequest([
    'a domain name',
    matches(/^\.?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i),
  ]),
  path: perRequest(['a path that begins with "/"', matches(/^\/[ -:=-~]*$/)]),
  expires: perRequest(['a Date', (value) => value instanceof Date && !Number.isNaN(value.getTime())]),
  encode: FUNCTION,
  decode: FUNCTION,
  valid: FUNCTION,
  beforeSave: FUNCTION,
  genid: FUNCTION,
  onConflict: FUNCTION,
  store: [
    'an object with the methods get, set and destroy, or a class of such objects',
    anyOf(hasMethods(...STORE_METHODS), isClassWith(...STORE_METHODS)),
  ],
  ContextStore: ['a class with the methods get, set and destroy', isClassWith(...STORE_METHODS)],
  externalKey: ['an object with the functions get and set', hasMethods('get', 'set')],
  prefix: ['a text of visible ASCII characters', matches(/^[!-~]{0,400}$/)],
  property: ['the name of a property', matches(/^[A-Za-z_$][\w$]*$/)],
  ttl: DURATION,
  graceMs: DURATION,
  idleTimeout: DURATION,
  absoluteTimeout: DURATION,
  storeTimeout: DURATION,
  codec: ['an object with the functions encode and decode, such as sealed({ keys })', hasMethods('encode', 'decode')],
  chunks: [
    'a whole number from 1 to 10',
    (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 10,
  ],
  hashIds: BOOLEAN,
  owner: FUNCTION,
  onStoreError: ["'throw', 'anonymous' or a function", anyOf(oneOf('throw', 'anonymous'), isFunction)],
  preventCaching: BOOLEAN,
  lazy: BOOLEAN,
  commitOnError: ['true, false or a function', anyOf(BOOLEAN[1], isFunction)],
  container: [
    'an object with the method get',
    (value) => hasMethods('get')(value) || isFunction((value as { get?: unknown }).get),
  ],
  asyncLocalStorage: BOOLEAN,
}

/** Throws at the first option that is unknown or malformed, or that contradicts another one. */
export function checkOptions(given: unknown): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw invalid(`Session options are an object, not ${describe(given)}. Call session(options, app).`)
  }
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(RULES, name)) {
      throw invalid(`Unknown session option "${name}". Did you mean "${closest(name, Object.keys(RULES))}"?`)
    }
    const [allowed, check] = RULES[name as keyof typeof RULES]
    if (value === undefined || value === null || check(value)) continue
    throw invalid(`The session option "${name}" takes ${allowed}, not ${describe(value)}.`)
  }
}

/** Throws where options that are good by themselves cannot be had together. */
export function checkCombination(options: ResolvedOptions): void {
  checkCookie(options)
  const { store, ContextStore, externalKey, container, codec, encode, decode, chunks, graceMs, hashIds } = options
  const hasStore = Boolean(store ?? ContextStore)
  refuse(store && ContextStore, 'The session options "store" and "ContextStore" exclude each other. Leave one out.')
  refuse(
    typeof store === 'function' && !container,
    'The session option "store" is a class, and there is no container to build it. Pass an instance, or a "container".',
  )
  for (const [name, value] of Object.entries({ externalKey, graceMs, hashIds })) {
    refuse(value && !hasStore, `The session option "${name}" is for a session in a store. Add a "store".`)
  }
  refuse(
    codec && hasStore,
    'The session option "codec" is for a session in its cookie. Leave out "codec" or the store.',
  )
  refuse(
    codec && (encode ?? decode),
    'The session option "codec" takes the place of "encode" and "decode". Leave these out.',
  )
  refuse(
    chunks && !codec?.isSelfAuthenticating,
    'The session option "chunks" is for a sealed cookie. Add codec: sealed({ keys }).',
  )
}

function checkCookie({ key, secure, sameSite, partitioned, path, domain }: ResolvedOptions): void {
  refuse(
    !secure && isSameSiteNone(sameSite),
    'Browsers refuse a cookie with SameSite=None that is not Secure. Add secure: true.',
  )
  refuse(partitioned && !secure, 'Browsers refuse a cookie that is Partitioned and not Secure. Add secure: true.')
  refuse(
    /^__(host|secure)-/i.test(key) && !secure,
    `Browsers refuse the cookie "${key}" without Secure. Add secure: true.`,
  )
  refuse(
    /^__host-/i.test(key) && (domain !== undefined || (path ?? '/') !== '/'),
    `Browsers refuse the cookie "${key}" with a domain, or with a path other than "/". Leave out domain and path.`,
  )
}

function refuse(condition: unknown, message: string): void {
  if (condition) throw invalid(message)
}

function invalid(message: string): SessionError {
  return new SessionError('ERR_SESSION_OPTIONS', message)
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  return typeof value === 'function' ? 'a function' : String(value)
}
