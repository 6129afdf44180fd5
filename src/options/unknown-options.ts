/** Which part of an option's name may be spelled otherwise. */
const MAX_TYPOS = 0.4

/** Options that a cookie had in koa-session by way of `cookies`, and what to have instead. */
const FORMER = new Map([['secureProxy', 'Set app.proxy = true and secure: true.']])

/** What to say of an option that is none of `names`: a guess, where it is like one of them. */
export function unknownOption(name: string, names: string[]): string {
  return `Unknown session option "${name}". ${FORMER.get(name) ?? hint(name, names)}`
}

function hint(name: string, names: string[]): string {
  // Loaded for a mistake alone: most processes make none.
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would be loaded by everybody
  const { closest, distance } = require('fastest-levenshtein') as typeof import('fastest-levenshtein')
  const nearest = closest(name, names)
  const isNear = distance(name, nearest) <= Math.max(name.length, nearest.length) * MAX_TYPOS
  return isNear ? `Did you mean "${nearest}"?` : 'Leave it out; docs/options.md has a table of all options.'
}
