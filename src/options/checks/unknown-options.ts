import { nearestName } from '../../base/nearest-name'
import { placeOf } from './foreign-options'

/** Options that a cookie had in koa-session by way of `cookies`, and options of our own under earlier names. */
const FORMER = new Map([
  ['secureProxy', 'Set app.proxy = true and secure: true.'],
  ['hashIds', 'It is called "hashTokens" now.'],
  ['recheck', 'It is called "recheckEvery" now.'],
])

/** What to say of an option that is none of `names`: a guess, where it is like one of them. */
export function unknownOption(name: string, names: string[]): string {
  return `Unknown session option "${name}". ${FORMER.get(name) ?? placeOf(name) ?? hint(name, names)}`
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
