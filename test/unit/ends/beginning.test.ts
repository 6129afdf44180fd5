import type { KeyEnd } from '../../../src/contracts/end-store'
import { narrowed, orderOf, orderOfAll, spanOf, type Order } from '../../../src/ends/beginning'

/** The request came at 1000 by the process's clock, and the process knew of 50. */
const ARRIVAL = { at: 1000, floor: 50 }
const end = (position: number, at: number, more: Partial<KeyEnd> = {}): KeyEnd => ({ position, at, ...more })

test("R107: the time at which a request began, by the store's clock, lies between question and answer", () => {
  expect(spanOf(ARRIVAL, { now: 9000, asked: 1010, came: 1030 })).toEqual({ from: 8970, to: 8990 })
  expect(spanOf(ARRIVAL, { now: 9000, grain: 1, asked: 1010, came: 1030 })).toEqual({ from: 8969, to: 8991 })
})

test.each([
  [undefined, { from: 1, to: 4 }, { from: 1, to: 4 }],
  [
    { from: 1, to: 4 },
    { from: 2, to: 9 },
    { from: 2, to: 4 },
  ],
  [
    { from: 1, to: 4 },
    { from: 5, to: 9 },
    { from: 5, to: 9 },
  ],
])(
  'R107: two looks at the clock are intersected, or the later one counts where both cannot be true: %j and %j',
  (known, found, both) => {
    expect(narrowed(known, found)).toEqual(both)
  },
)

test.each<[title: string, end: KeyEnd | undefined, last: number, order: Order]>([
  ['there is no end', undefined, 60, 'after'],
  ['an end that counts for later ones too', end(40, 1, { later: true }), 60, 'before'],
  ['the process had heard of it', end(50, 8985), 60, 'after'],
  ['what the process had heard of was another store', end(30, 8985), 40, 'unsure'],
  ['it was before the earliest time', end(60, 8969), 60, 'after'],
  ['it was at the earliest time', end(60, 8970), 60, 'unsure'],
  ['it was between', end(60, 8985), 60, 'unsure'],
  ['it was at the latest time', end(60, 8990), 60, 'before'],
  ['it was after the latest time', end(60, 9999), 60, 'before'],
])('R107: the order of a request and an end is told: %s', (_title, given, last, order) => {
  expect(orderOf(given, ARRIVAL, last, { from: 8970, to: 8990 })).toBe(order)
})

test.each<[ends: (KeyEnd | undefined)[], order: Order]>([
  [[undefined, end(60, 1)], 'after'],
  [[end(60, 8985), end(61, 9999)], 'before'],
  [[end(60, 8985), end(61, 1)], 'unsure'],
])('R107: the order of a request and the ends of several keys is told: %j', (ends, order) => {
  expect(orderOfAll(ends, ARRIVAL, 61, { from: 8970, to: 8990 })).toBe(order)
})
