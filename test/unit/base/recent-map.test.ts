import { RecentMap } from '../../../src/base/recent-map'

test('a map of a bounded size forgets what was used least lately', () => {
  const map = new RecentMap<number>(2)
  map.set('a', 1)
  map.set('b', 2)
  expect(map.get('a')).toBe(1)
  map.set('c', 3)
  expect(['a', 'b', 'c'].map((key) => map.get(key))).toEqual([1, undefined, 3])
})

test('a value that is set again takes no place of another one, and counts as used', () => {
  const map = new RecentMap<number>(2)
  map.set('a', 1)
  map.set('b', 2)
  map.set('a', 3)
  expect(['a', 'b'].map((key) => map.get(key))).toEqual([3, 2])
  map.set('a', 4)
  map.set('c', 5)
  expect(['a', 'b', 'c'].map((key) => map.get(key))).toEqual([4, undefined, 5])
})

test('what is deleted is gone, and makes room', () => {
  const map = new RecentMap<number>(2)
  map.set('a', 1)
  map.set('b', 2)
  map.delete('a')
  map.set('c', 3)
  expect(['a', 'b', 'c'].map((key) => map.get(key))).toEqual([undefined, 2, 3])
})
