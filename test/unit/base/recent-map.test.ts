import { RecentMap } from '../../../src/base/recent-map'

const keys = Array.from({ length: 100 }, (_, index) => `key ${index}`)

test('R29: a map of a bounded size keeps half of it for sure, of what was used last, and never more than all of it', () => {
  const map = new RecentMap<string>(10)
  for (const [index, key] of keys.entries()) {
    map.set(key, key)
    map.get('key 0')
    const kept = keys.filter((each) => map.get(each) !== undefined)
    expect(kept.length).toBeLessThanOrEqual(10)
    expect(kept).toEqual(expect.arrayContaining(['key 0', ...keys.slice(Math.max(index - 2, 0), index + 1)]))
    for (const each of keys.slice(Math.max(index - 2, 0), index + 1)) map.get(each)
  }
})

test('R29: an entry of a map of a bounded size that is not used is forgotten', () => {
  const map = new RecentMap<string>(10)
  for (const key of keys) map.set(key, key)
  expect(keys.filter((key) => map.get(key) !== undefined)).toEqual(keys.slice(95))
})

test('R29: a value that is set again in a map of a bounded size takes no place of another one, and is the only one of its key', () => {
  const map = new RecentMap<number>(4)
  for (const value of [1, 2, 3, 4, 5]) {
    map.set('a', value)
    expect(map.get('a')).toBe(value)
  }
  map.set('b', 6)
  map.set('a', 7)
  expect([map.get('a'), map.get('b')]).toEqual([7, 6])
})

test('R29: an entry that is deleted from a map of a bounded size is gone, wherever it was', () => {
  const map = new RecentMap<number>(4)
  map.set('a', 1)
  map.set('b', 2)
  map.set('c', 3)
  map.delete('a')
  map.delete('c')
  expect(['a', 'b', 'c'].map((key) => map.get(key))).toEqual([undefined, 2, undefined])
})

test('R29: a map of a bounded size makes a value that it does not have, once', () => {
  const map = new RecentMap<string>(4)
  const made: string[] = []
  const make = (key: string): string => `${key} ${made.push(key)}`
  expect(['a', 'b', 'a'].map((key) => map.getOr(key, make))).toEqual(['a 1', 'b 2', 'a 1'])
})

test('R29: a map whose values have a size keeps as many of the last ones as half of it holds, and never more than all of it', () => {
  const map = new RecentMap<string>(1000, (value) => value.length)
  const kept = (): string[] => keys.filter((key) => map.get(key) !== undefined)
  for (const key of keys.slice(0, 50)) map.set(key, 'x'.repeat(100))
  expect(kept().length).toBeGreaterThanOrEqual(5)
  expect(kept().length).toBeLessThanOrEqual(10)
  for (const key of keys.slice(50)) map.set(key, 'x')
  expect(kept().filter((key) => keys.indexOf(key) >= 50)).toHaveLength(50)
})
