import { markdown } from './markdown'
import type { Bytes } from './scale-places'

/** What every other size is compared with. */
export const SMALL = 10_000
/** How many times as much a call may cost as among 10 thousand sessions. */
const FLAT = 1.5

export interface Cost {
  where: string
  store: string
  operation: string
  size: number
  /** In microseconds, the median among 10 thousand sessions, and among so many. */
  small: number
  micros: number
  /** The medians of the ratios of each round: of medians, and of 20th percentiles. */
  ratio: number
  ratioOfFast: number
}

/** The bytes of each session, among so many. */
export interface Taken extends Bytes {
  where: string
  store: string
  size: number
}

export interface Results {
  costs: Cost[]
  taken: Taken[]
}

export function pageOf({ costs, taken }: Results): string {
  const sizes = Array.from(new Set(costs.map(({ size }) => size))).toSorted((one, other) => one - other)
  const keys = new Set(costs.map(({ where, store, operation }) => [where, store, operation].join('/')))
  const rows = Array.from(keys, (key) => {
    const own = costs.filter(({ where, store, operation }) => [where, store, operation].join('/') === key)
    const at = (size: number): Cost | undefined => own.find((cost) => cost.size === size)
    const cells = sizes.flatMap((size) => [at(size)?.micros.toFixed(1) ?? '', at(size)?.ratio.toFixed(2) ?? ''])
    const isFlat = own.every(({ ratio }) => ratio <= FLAT)
    return [...key.split('/'), own.at(-1)!.small.toFixed(1), ...cells, isFlat ? 'yes' : 'no']
  })
  const heads = sizes.flatMap((size) => [`µs at ${size}`, 'times'])
  const table = markdown(['where', 'store', 'operation', `µs at ${SMALL}`, ...heads, `within ${FLAT}`], rows)
  const bytes = taken.map(({ where, store, size, memory, disk, indexes = {} }) => {
    const each = Object.entries(indexes).map(([name, share]) => `${name} ${share}`)
    return [where, store, String(size), String(memory ?? ''), String(disk ?? ''), each.join(', ')]
  })
  return `${table}\n\n${markdown(['where', 'store', 'sessions', 'memory, B each', 'disk, B each', 'of it'], bytes)}`
}

/** What of these stores costs too much more than among few sessions. */
export function notFlat({ costs }: Results, stores: string[]): string[] {
  return costs
    .filter(({ store, ratio }) => stores.includes(store) && ratio > FLAT)
    .map(
      ({ where, store, operation, size, ratio }) => `${where}, ${store}, ${operation}: ${ratio.toFixed(2)} at ${size}`,
    )
}
