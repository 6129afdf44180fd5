/** Which value is taken of each piece, by its place among the piece's values. */
type Choice = readonly number[]

/**
 * The ways to take one value of each piece, each of them once.
 *
 * The likely ones go first: the values that are as far from the front as the first piece is, then those that are as far from
 * the end. Who plants a cookie beside a visitor's own plants it in front of them all, or behind them all.
 *
 * @param sizes how many values each piece has; at least one
 * @param before how many values of the first piece stand in front of the one that is completed
 * @param behind how many stand behind it
 */
export function* choices(sizes: readonly number[], before: number, behind: number): Generator<Choice, void> {
  const likely = [
    sizes.map((size) => Math.min(before, size - 1)),
    sizes.map((size) => Math.max(size - 1 - behind, 0)),
  ].filter((choice, index, all) => index === 0 || !isSame(choice, all[0]))
  yield* likely
  for (const choice of countThrough(sizes)) {
    if (!likely.some((other) => isSame(choice, other))) yield choice
  }
}

/** Counts as an odometer does: the last piece's value changes with each step. */
function* countThrough(sizes: readonly number[]): Generator<Choice, void> {
  const choice = sizes.map(() => 0)
  for (let digit = 0; digit >= 0;) {
    yield [...choice]
    digit = sizes.length - 1
    while (digit >= 0 && ++choice[digit] === sizes[digit]) choice[digit--] = 0
  }
}

/** Takes one of each source in turn, so that none of them keeps the others waiting, until all are empty. */
export function* inTurn<T>(sources: readonly Iterator<T, unknown>[]): Generator<T, void> {
  let open = sources
  while (open.length > 0) {
    const left: Iterator<T, unknown>[] = []
    for (const source of open) {
      const next = source.next()
      if (next.done) continue
      left.push(source)
      yield next.value
    }
    open = left
  }
}

function isSame(one: Choice, other: Choice): boolean {
  return one.every((place, piece) => place === other[piece])
}
