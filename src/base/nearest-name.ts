/** Which part of a name may be spelled otherwise. */
const MAX_TYPOS = 0.4

/** The one of `names` that `name` is most like; undefined where it is like none of them. */
export function nearestName(name: string, names: string[]): string | undefined {
  const distances = names.map((other) => distance(name, other))
  const least = Math.min(...distances)
  const nearest = names[distances.indexOf(least)]
  return least <= Math.max(name.length, nearest.length) * MAX_TYPOS ? nearest : undefined
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
