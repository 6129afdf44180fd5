import { checkEnds } from './ends'
import { checkRotation, MIN_ROTATION } from './rotation'
import { isPromise } from '../base/awaitable'
import { MAX_CHUNKS } from '../transports/chunked-transport'
import { fitsCookie, isSessionId } from '../session/id'
import { MAX_LIFETIME } from '../session/record'
import { isOwnerIndexed } from '../contracts/store'
import { checkClearedData, CLEARED_DATA } from './values/clear-site-data'
import { checkCookie, COOKIE_OPTION_RULES } from './checks/cookie-checks'
import { checkCrossSite, CROSS_SITE } from './values/cross-site'
import { usesStore, type ResolvedOptions } from './options'
import {
  anyOf,
  BOOLEAN,
  describe,
  FUNCTION,
  hasMethods,
  invalid,
  isClassWith,
  isFunction,
  matches,
  oneOf,
  refuse,
  type Check,
  type Rule,
} from './checks/rules'
import { cureOfStore, isRedisClient } from './checks/store-cures'
import { nearestOption, unknownOption } from './checks/unknown-options'

const isNothing: Check = (value) => value === undefined || value === null
const isDuration: Check = (value) => typeof value === 'number' && value > 0 && value <= MAX_LIFETIME
const DURATION: Rule = ['a positive number of milliseconds, 400 days at most', isDuration]
const LIFETIME: Rule = [
  "a positive number of milliseconds, 400 days at most, or 'session'",
  anyOf(isDuration, (value) => value === 'session'),
]
const TIMEOUT: Rule = [`${DURATION[0]}, or a function that returns one`, anyOf(isDuration, isFunction)]
const STORE_METHODS = ['get', 'set', 'destroy']

/** Options that take an object. A text in its place may be an address with a password in it. */
const OBJECTS = ['store', 'ContextStore', 'externalKey', 'codec', 'bus', 'binding', 'container']

const RULES: Record<keyof ResolvedOptions | 'maxage', Rule> = {
  ...COOKIE_OPTION_RULES,
  // A cookie's name is a token (RFC 9110, section 5.6.2); `koa:sess`, the name of koa-session 5, is let in beside it.
  key: ["a cookie name: letters, digits and !#$%&'*+-.^_`|~", matches(/^[!#$%&'*+\-.^_`|~0-9A-Za-z:]+$/)],
  maxAge: LIFETIME,
  maxage: LIFETIME,
  autoCommit: BOOLEAN,
  rolling: BOOLEAN,
  renew: BOOLEAN,
  encode: FUNCTION,
  decode: FUNCTION,
  valid: FUNCTION,
  beforeSave: FUNCTION,
  genid: FUNCTION,
  onConflict: FUNCTION,
  store: [
    'an object with the methods get, set and destroy, or a class of such objects',
    (value) => !isRedisClient(value) && anyOf(hasMethods(...STORE_METHODS), isClassWith(...STORE_METHODS))(value),
  ],
  ContextStore: ['a class with the methods get, set and destroy', isClassWith(...STORE_METHODS)],
  externalKey: [
    'an object with the functions get and set, and clear where it has that',
    (value) => hasMethods('get', 'set')(value) && anyOf(isFunction, isNothing)((value as { clear?: unknown }).clear),
  ],
  prefix: ['a text of visible ASCII characters', matches(/^[!-~]{0,400}$/)],
  property: ['the name of a property', matches(/^[A-Za-z_$][\w$]*$/)],
  ttl: DURATION,
  idleTimeout: TIMEOUT,
  absoluteTimeout: TIMEOUT,
  storeTimeout: DURATION,
  recheckEvery: DURATION,
  bus: ['an object with the methods publish and subscribe, such as a RedisBus', hasMethods('publish', 'subscribe')],
  codec: ['an object with the functions encode and decode, such as sealed({ keys })', hasMethods('encode', 'decode')],
  chunks: [
    `a whole number from 1 to ${MAX_CHUNKS}, since Node refuses requests whose cookies take much more than 12 KB`,
    (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_CHUNKS,
  ],
  hashTokens: BOOLEAN,
  owner: FUNCTION,
  rotateEvery: [
    'a number of milliseconds, 60,000 at least',
    (value) => isDuration(value) && Number(value) >= MIN_ROTATION,
  ],
  onReplay: ["'end' or 'report'", oneOf('end', 'report')],
  maxPerOwner: ['a whole number above 0', (value) => Number.isSafeInteger(value) && Number(value) > 0],
  device: FUNCTION,
  seenEvery: DURATION,
  onStoreError: ["'throw', 'anonymous' or a function", anyOf(oneOf('throw', 'anonymous'), isFunction)],
  preventCaching: BOOLEAN,
  crossSite: CROSS_SITE,
  clearSiteData: CLEARED_DATA,
  ends: [
    'an object with a store: { store: new MemoryStore() }',
    (value) => typeof value === 'object' && !Array.isArray(value),
  ],
  binding: ['a binding: deviceBound() of koa-session-service/dbsc', hasMethods('attach')],
  lazy: BOOLEAN,
  commitOnError: ['true, false or a function', anyOf(BOOLEAN[1], isFunction)],
  container: [
    'an object with the method get',
    (value) => hasMethods('get')(value) || isFunction((value as { get?: unknown }).get),
  ],
  asyncLocalStorage: BOOLEAN,
}

export function isOption(name: string): boolean {
  return Object.hasOwn(RULES, name)
}

/** What is said of an option that there is not. */
export function nameUnknown(name: string): string {
  return unknownOption(name, Object.keys(RULES))
}

/** Whether an option that there is not looks like a slip of the pen. */
export function isMisspelt(name: string): boolean {
  return nearestOption(name, Object.keys(RULES)) !== undefined
}

/** Throws at the first option that is unknown or malformed, or that contradicts another one. */
export function checkOptions(given: unknown): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    const what = typeof given === 'string' ? 'a text' : describe(given)
    throw invalid(`Session options are an object, not ${what}. Call session(options, app).`)
  }
  for (const [name, value] of Object.entries(given)) {
    if (!isOption(name)) throw invalid(nameUnknown(name))
    const [allowed, check] = RULES[name as keyof typeof RULES]
    if (isNothing(value) || check(value)) continue
    const what = typeof value === 'string' && OBJECTS.includes(name) ? 'a text' : describe(value)
    throw invalid(`The session option "${name}" takes ${allowed}, not ${what}.${cureOf(name, value)}`)
  }
}

function cureOf(name: string, value: unknown): string {
  if (isPromise(value)) return ' Await it first.'
  if (name === 'store') return cureOfStore(value)
  const isLifetime = name === 'maxAge' || name === 'maxage'
  if (!isLifetime || value !== 0) return ''
  return " Leave it out for one day, which koa-session takes 0 for; a cookie until the browser is closed is 'session'."
}

/** Throws where options that are good by themselves cannot be had together. */
export function checkCombination(options: ResolvedOptions): void {
  checkCookie(options.key, options)
  checkCrossSite(options.crossSite)
  checkClearedData(options.clearSiteData)
  const {
    store,
    ContextStore,
    externalKey,
    container,
    codec,
    encode,
    decode,
    chunks,
    hashTokens,
    bus,
    prefix = '',
  } = options
  const hasStore = usesStore(options)
  refuse(store && ContextStore, 'The session options "store" and "ContextStore" exclude each other. Leave one out.')
  refuse(
    typeof store === 'function' && !container,
    'The session option "store" is a class, and there is no container to build it. Pass an instance, or a "container".',
  )
  const { owner, maxPerOwner, device } = options
  for (const [name, value] of Object.entries({ maxPerOwner, device })) {
    refuse(value && !owner, `The session option "${name}" is for sessions of an owner. Add the option "owner".`)
    refuse(value && !mayKnowOwners(options), needsIndex(`The session option "${name}"`))
  }
  for (const [name, value] of Object.entries({ externalKey, hashTokens, bus })) {
    refuse(
      value && !hasStore && !(name === 'bus' && options.ends),
      `The session option "${name}" is for a session in a store. Add a "store".`,
    )
  }
  refuse(
    !isSessionId(`${prefix}0`) || !(externalKey ?? fitsCookie(prefix)),
    `The session option "prefix" begins every id, and no id begins with ${JSON.stringify(prefix)}: leave out "." and ".." as ` +
      'parts of a path, semicolons, and a quotation mark at the beginning.',
  )
  refuse(
    codec && hasStore,
    'The session option "codec" is for a session in its cookie. Leave out "codec" or the store.',
  )
  refuse(
    codec && (encode ?? decode),
    'The session option "codec" takes the place of "encode" and "decode". Leave these out.',
  )
  refuse(
    chunks !== undefined && chunks > 1 && !codec?.isSelfAuthenticating,
    'The session option "chunks" is for a sealed cookie. Add codec: sealed({ keys }).',
  )
  checkEnds(options)
  checkRotation(options)
}

/** Whether the store has an index by owner; what a class makes is seen when it is used. */
function mayKnowOwners({ store, ContextStore }: ResolvedOptions): boolean {
  return Boolean(ContextStore) || typeof store === 'function' || (store !== undefined && isOwnerIndexed(store))
}

/** The message of what can only be had with an index by owner. */
export function needsIndex(what: string): string {
  return `${what} is for a store that knows whose sessions it holds: MemoryStore, RedisStore, KyselyStore, or one with the methods of OwnerIndexedStore.`
}
