import { choices, inTurn } from '../../../src/transports/piece-choices'

const texts = (sizes: number[], before = 0, behind = 0) => [...choices(sizes, before, behind)].map(String)

test.each([[[1]], [[2]], [[1, 1, 1]], [[2, 3]], [[3, 1, 2]], [[2, 2, 2, 2]]])(
  'R35: every choice among %j comes once, wherever the first piece stands',
  (sizes) => {
    const count = sizes.reduce((product, size) => product * size, 1)
    for (const [before, behind] of [
      [0, 0],
      [0, 2],
      [2, 0],
      [1, 1],
      [9, 9],
    ]) {
      const all = texts(sizes, before, behind)
      expect(new Set(all).size).toBe(all.length)
      expect(all).toHaveLength(count)
    }
  },
)

test.each([
  ['planted in front of some', [2, 1, 2], 0, 0, '1,0,1'],
  ['planted behind some', [2, 1, 2], 0, 0, '0,0,0'],
  ['planted in front of all', [2, 2, 2], 1, 0, '1,1,1'],
  ['planted behind all', [2, 2, 2], 0, 1, '0,0,0'],
  ['planted in front of the first alone', [1, 1], 1, 0, '0,0'],
  ['two in front of all', [3, 3], 2, 0, '2,2'],
])("R35: a choice of the visitor's own pieces is among the first two: %s", (_, sizes, before, behind, own) => {
  expect(texts(sizes, before, behind).slice(0, 2)).toContain(own)
})

test('R63: a choice of pieces is made when it is asked for, among any number of them', () => {
  const crossed = choices(
    Array.from({ length: 1000 }, () => 64),
    0,
    0,
  )
  const first = Array.from({ length: 5 }, () => crossed.next().value as number[])
  expect(first.map((choice) => choice.length)).toEqual([1000, 1000, 1000, 1000, 1000])
  expect(new Set(first.map(String)).size).toBe(5)
})

test('R35: each of several first pieces has its turn, until all are done', () => {
  const of = (...items: string[]) => items.values()
  expect([...inTurn([of('a1', 'a2', 'a3'), of(), of('c1'), of('d1', 'd2')])]).toEqual([
    'a1',
    'c1',
    'd1',
    'a2',
    'd2',
    'a3',
  ])
  expect([...inTurn([])]).toEqual([])
})
