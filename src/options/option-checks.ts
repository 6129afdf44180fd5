import { closest, distance } from 'fastest-levenshtein'
import { MAX_CHUNKS } from '../transports/chunked-transport'
import { MAX_LIFETIME } from '../session/record'
import { checkBinding } from './binding-checks'
import { checkCookie, COOKIE_OPTION_RULES } from './cookie-checks'
import type { ResolvedOptions } from './options'
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
} from './rules'

/** Which part of an option's name may be spelled otherwise. */
const MAX_TYPOS = 0.4

const isNothing: Check = (value) => value === undefined || value === null
const isDuration: Check = (value) => typeof value === 'number' && value > 0 && value <= MAX_LIFETIME
const DURATION: Rule = ['a positive number of milliseconds, 400 days at most', isDuration]
const LIFETIME: Rule = [
  "a positive number of milliseconds, 400 days at most, or 'session'",
  anyOf(isDuration, (value) => value === 'session'),
]
const STORE_METHODS = ['get', 'set', 'destroy']

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
    anyOf(hasMethods(...STORE_METHODS), isClassWith(...STORE_METHODS)),
  ],
  ContextStore: ['a class with the methods get, set and destroy', isClassWith(...STORE_METHODS)],
  externalKey: [
    'an object with the functions get and set, and clear where it has that',
    (value) => hasMethods('get', 'set')(value) && anyOf(isFunction, isNothing)((value as { clear?: unknown }).clear),
  ],
  prefix: ['a text of visible ASCII characters', matches(/^[!-~]{0,400}$/)],
  property: ['the name of a property', matches(/^[A-Za-z_$][\w$]*$/)],
  ttl: DURATION,
  idleTimeout: DURATION,
  absoluteTimeout: DURATION,
  storeTimeout: DURATION,
  codec: ['an object with the functions encode and decode, such as sealed({ keys })', hasMethods('encode', 'decode')],
  chunks: [
    `a whole number from 1 to ${MAX_CHUNKS}, since Node refuses requests whose cookies take much more than 12 KB`,
    (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_CHUNKS,
  ],
  hashIds: BOOLEAN,
  owner: FUNCTION,
  onStoreError: ["'throw', 'anonymous' or a function", anyOf(oneOf('throw', 'anonymous'), isFunction)],
  preventCaching: BOOLEAN,
  binding: ['a binding: deviceBound() of koa-session-service/dbsc', hasMethods('attach')],
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
      throw invalid(`Unknown session option "${name}". ${hint(name)}`)
    }
    const [allowed, check] = RULES[name as keyof typeof RULES]
    if (isNothing(value) || check(value)) continue
    throw invalid(`The session option "${name}" takes ${allowed}, not ${describe(value)}.`)
  }
}

/** Throws where options that are good by themselves cannot be had together. */
export function checkCombination(options: ResolvedOptions): void {
  checkCookie(options.key, options)
  const { store, ContextStore, externalKey, container, codec, encode, decode, chunks, hashIds } = options
  const hasStore = Boolean(store ?? ContextStore)
  refuse(store && ContextStore, 'The session options "store" and "ContextStore" exclude each other. Leave one out.')
  refuse(
    typeof store === 'function' && !container,
    'The session option "store" is a class, and there is no container to build it. Pass an instance, or a "container".',
  )
  for (const [name, value] of Object.entries({ externalKey, hashIds })) {
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
    chunks !== undefined && chunks > 1 && !codec?.isSelfAuthenticating,
    'The session option "chunks" is for a sealed cookie. Add codec: sealed({ keys }).',
  )
  if (options.binding) checkBinding(options)
}

/** What an unknown option may have been meant to be; a name that is like none gets no guess. */
function hint(name: string): string {
  const nearest = closest(name, Object.keys(RULES))
  const isNear = distance(name, nearest) <= Math.max(name.length, nearest.length) * MAX_TYPOS
  return isNear ? `Did you mean "${nearest}"?` : 'Leave it out; the README has a table of all options.'
}
