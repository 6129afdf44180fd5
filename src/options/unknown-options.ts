import { placeOf } from './foreign-options'

/** Which part of an option's name may be spelled otherwise. */
const MAX_TYPOS = 0.4

/** Options that a cookie had in koa-session by way of `cookies`, and what to have instead. */
const FORMER = new Map([['secureProxy', 'Set app.proxy = true and secure: true.']])

/** What to say of an option that is none of `names`: a guess, where it is like one of them. */
export function unknownOption(name: string, names: string[]): string {
  return `Unknown session option "${name}". ${FORMER.get(name) ?? placeOf(name) ?? hint(name, names)}`
}

function hint(name: string, names: string[]): string {
  const distances = names.map((other) => distance(name, other))
  const least = Math.min(...distances)
  const nearest = names[distances.indexOf(least)]
  const isNear = least <= Math.max(name.length, nearest.length) * MAX_TYPOS
  return isNear ? `Did you mean "${nearest}"?` : 'Leave it out; docs/options.md has a table of all options.'
}

/** How many letters have to be put in, left out or changed to make the one of the other (Levenshtein). */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, column) => column)
  for (const [line, letter] of Array.from(one).entries()) {
    const next = [line + 1]
    for (let column = 1; column < row.length; column++) {
      const change = letter === other[column - 1] ? 0 : 1
      next.push(Math.min(row[column] + 1, next[column - 1] + 1, row[column - 1] + change))
    }
    row = next
  }
  return row[other.length]
}
