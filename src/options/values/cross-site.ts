import type { Context } from 'koa'
import { describe, invalid, isFunction, refuse, type Rule } from '../checks/rules'
import { calledNow } from '../checks/unknown-options'

/** What becomes of a request from another site: it fails with 403, or goes on with an empty session that is not its own. */
export type CrossSiteTreatment = 'refuse' | 'anonymous'

/** The option `crossSite` with its exceptions; see {@link SessionOptions.crossSite}. */
export interface CrossSiteRules {
  /** Origins whose pages may send requests: `https://accounts.example`, with the port where that is not the usual one. */
  trustedOrigins?: readonly string[]
  /**
   * Returns true for a request that may come from anywhere, such as the answer of an identity provider that arrives as a
   * form. It is asked of those alone that would not have the session otherwise. Check such a request by other means.
   */
  allow?: (ctx: Context) => boolean
  /** What becomes of every other request from another site. Default: `'refuse'`. */
  mode?: CrossSiteTreatment
}

/** How requests from other sites are treated. */
export type CrossSite = CrossSiteTreatment | CrossSiteRules

/** The option in one form. */
export interface CrossSitePolicy {
  readonly trustedOrigins: ReadonlySet<string>
  readonly allow: ((ctx: Context) => boolean) | undefined
  readonly mode: CrossSiteTreatment
}

const NO_ORIGINS: ReadonlySet<string> = new Set()
const RULE_NAMES = ['trustedOrigins', 'allow', 'mode']
/** An origin of a scheme that URLs have no origins for, such as an app's web view: `capacitor://localhost`. */
const OTHER_ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/?#@\s]+$/

export const CROSS_SITE: Rule = [
  "'refuse', 'anonymous', or an object of trustedOrigins, allow and mode",
  (value) => isTreatment(value) || (typeof value === 'object' && value !== null && !Array.isArray(value)),
]

/** Throws at the first exception that cannot be. */
export function checkCrossSite(option: CrossSite | undefined): void {
  if (typeof option !== 'object') return
  const unknown = Object.keys(option).find((name) => !RULE_NAMES.includes(name))
  const cure = calledNow(`crossSite.${unknown}`) ?? 'It takes trustedOrigins, allow and mode.'
  refuse(unknown !== undefined, `The session option "crossSite" has no "${unknown}". ${cure}`)
  const { trustedOrigins = [], allow, mode = 'refuse' } = option
  refuse(!isTreatment(mode), `"crossSite.mode" takes 'refuse' or 'anonymous', not ${describe(mode)}.`)
  refuse(
    allow !== undefined && !isFunction(allow),
    `"crossSite.allow" takes a function of ctx, not ${describe(allow)}. It returns true for what may come from anywhere.`,
  )
  refuse(
    !Array.isArray(trustedOrigins),
    `"crossSite.trustedOrigins" takes a list of origins, not ${describe(trustedOrigins)}.`,
  )
  for (const origin of trustedOrigins as readonly unknown[]) checkOrigin(origin)
}

/** The option in one form; undefined where it is off. */
export function crossSitePolicy(option: CrossSite | undefined): CrossSitePolicy | undefined {
  if (option === undefined) return undefined
  if (typeof option === 'string') return Object.freeze({ trustedOrigins: NO_ORIGINS, allow: undefined, mode: option })
  const { trustedOrigins = [], allow, mode = 'refuse' } = option
  return Object.freeze({ trustedOrigins: new Set(trustedOrigins), allow, mode })
}

/** An origin is compared as browsers write it: what is written otherwise would never fit. */
function checkOrigin(given: unknown): void {
  const origin = originIn(given)
  refuse(
    origin?.includes('*'),
    `"crossSite.trustedOrigins" holds ${describe(given)}: no browser sends a "*". Name each origin, or decide with "crossSite.allow".`,
  )
  if (origin !== undefined && origin === given) return
  const cure = origin === undefined ? 'An origin is written like https://shop.example.' : `Write "${origin}".`
  throw invalid(`"crossSite.trustedOrigins" holds ${describe(given)}, which is no origin as browsers send it. ${cure}`)
}

function originIn(given: unknown): string | undefined {
  if (typeof given !== 'string' || !URL.canParse(given)) return undefined
  const { origin } = new URL(given)
  if (origin !== 'null') return origin
  return OTHER_ORIGIN.test(given) ? given : undefined
}

function isTreatment(value: unknown): value is CrossSiteTreatment {
  return value === 'refuse' || value === 'anonymous'
}
