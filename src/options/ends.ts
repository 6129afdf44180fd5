import { StoreGuard } from '../backends/store-guard'
import { disregard } from '../base/awaitable'
import { SessionError } from '../base/errors'
import { publishAside, type Bus } from '../contracts/bus'
import { isEndStore, type EndStore } from '../contracts/end-store'
import { Ends } from '../ends/ends'
import type { EmitSessionEvent } from '../session/events'
import { dataOf, MAX_LIFETIME } from '../session/record'
import { ttlOf, usesStore, type ResolvedOptions } from './options'
import { anyOf, hasMethods, isFunction, matches, oneOf, refuse, type Rule } from './checks/rules'

const NAMES = ['store', 'by', 'maxStale', 'onError', 'scope']
const isNothing = (value: unknown): boolean => value === undefined

/** What the parts of the option take. */
const PARTS: Record<string, Rule> = {
  store: [
    'a store that keeps ends: MemoryStore, RedisStore, KyselyStore, or a LayeredStore over one',
    hasMethods('readEnds', 'setEnd'),
  ],
  by: ['a function', anyOf(isFunction, isNothing)],
  maxStale: [
    'a number of milliseconds, 0 or more',
    (value) => isNothing(value) || (Number.isFinite(value) && Number(value) >= 0),
  ],
  onError: ["'refuse' or 'accept'", anyOf(oneOf('refuse', 'accept'), isNothing)],
  scope: ['a text of visible ASCII characters', anyOf(matches(/^[!-~]+$/), isNothing)],
}

/** Throws where the option `ends` is not what it takes. */
export function checkEnds({ ends }: ResolvedOptions): void {
  if (!ends) return
  for (const name of Object.keys(ends))
    refuse(!NAMES.includes(name), `The session option "ends" has no "${name}": it has ${NAMES.join(', ')}.`)
  for (const [name, [takes, check]] of Object.entries(PARTS)) {
    refuse(!check(ends[name as keyof typeof ends]), `The session option "ends.${name}" takes ${takes}.`)
  }
}

/** What ends the sessions of a service; undefined without the option. */
export function endsFrom(options: ResolvedOptions, bus: Bus | undefined, emit: EmitSessionEvent): Ends | undefined {
  const { ends: option, key, owner, maxAge, ttl, absoluteTimeout, storeTimeout } = options
  if (!option || !isEndStore(option.store)) return undefined
  const { store, by, maxStale = 0, onError, scope = key } = option as typeof option & { store: EndStore }
  const guard = new StoreGuard(storeTimeout)
  const failed = (error: unknown): void => emit('error', { session: '', error, ctx: undefined })
  const bound = typeof absoluteTimeout === 'number' ? absoluteTimeout : Infinity
  const ends = new Ends({
    store,
    scope,
    areIdsSecret: usesStore(options),
    hasOwners: owner !== undefined,
    by: by && ((data) => keysIn(by(dataOf(data)))),
    maxStale,
    accepts: onError === 'accept',
    life: Math.min(ttlOf(maxAge, ttl), bound),
    longestLife: Math.min(MAX_LIFETIME, bound),
    call: (work) => guard.call(work),
    publish: (message) => bus && publishAside(bus, message, failed),
    failed,
    lost: () => emit('ended', { reason: 'lost', ctx: undefined }),
  })
  if (maxStale > 0) bus?.subscribe((message) => ends.hear(message))
  return ends
}

/** @throws {SessionError} `ERR_SESSION_BAD_VALUE` for anything but texts */
function keysIn(given: unknown): readonly string[] {
  const keys: unknown[] | undefined = Array.isArray(given) ? given : undefined
  if (keys?.every((key) => typeof key === 'string' && key !== '')) return keys as string[]
  disregard(given)
  throw new SessionError(
    'ERR_SESSION_BAD_VALUE',
    'The option "ends.by" returns an array of keys, texts that are not empty, such as `org:42`; an empty array for none.',
  )
}
