import { nearestName } from '../../base/nearest-name'
import { placeOf } from './foreign-options'

/** Options under their earlier names. */
const FORMER = new Map([
  ['hashIds', 'hashTokens'],
  ['recheck', 'recheckEvery'],
  ['crossSite.trusted', 'trustedOrigins'],
  ['crossSite.otherwise', 'mode'],
])

/** What to say of an option under its earlier name; undefined for any other. */
export function calledNow(name: string): string | undefined {
  const now = FORMER.get(name)
  return now && `It is called "${now}" now.`
}

/** What to say of an option that is none of `names`: a guess, where it is like one of them. */
export function unknownOption(name: string, names: string[]): string {
  return `Unknown session option "${name}". ${calledNow(name) ?? placeOf(name) ?? hint(name, names)}`
}

/** The one of `names` that was meant, where an option is nearly spelled like it, and is no one that other packages have. */
export function nearestOption(name: string, names: string[]): string | undefined {
  return FORMER.has(name) || placeOf(name) !== undefined ? undefined : nearestName(name, names)
}

function hint(name: string, names: string[]): string {
  const nearest = nearestName(name, names)
  return nearest === undefined
    ? 'Leave it out; docs/options.md has a table of all options.'
    : `Did you mean "${nearest}"?`
}
