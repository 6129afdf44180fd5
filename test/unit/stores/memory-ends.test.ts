import { MemoryEnds } from '../../../src/stores/memory/memory-ends'

const HOUR = 3_600_000
let now = 0
const ends = (max = 10): MemoryEnds => new MemoryEnds(max, () => now)

beforeEach(() => void (now = 1_000_000))

test("R107: positions of a MemoryStore's ends go on where the clock is set back", () => {
  const store = ends()
  const first = store.setEnd('a', { life: 1000 })
  now -= HOUR
  const second = store.setEnd('b', { life: 1000 })
  expect(second?.end.position).toBe(Number(first?.end.position) + 1)
})

test('R111: an end in a MemoryStore is forgotten once its longest life is over, and one for good never', () => {
  const store = ends()
  store.setEnd('a', { life: 1000 })
  store.setEnd('a', { life: 10 })
  store.setEnd('*', { life: Infinity })
  now += 1000
  expect(store.readEnds(['a']).found[0]).toBeDefined()
  now += 1
  expect(store.readEnds(['a', '*']).found).toEqual([undefined, expect.objectContaining({ at: 1_000_000 })])
  expect(store.size).toBe(1)
})

test('R111: a MemoryStore past maxEnds refuses a new end, and ends a key again that has one', () => {
  const store = ends(2)
  store.setEnd('a', { life: 1000 })
  store.setEnd('b', { life: 1000 })
  expect(() => store.setEnd('c', { life: 1000 })).toThrow(
    expect.objectContaining({ code: 'ERR_SESSION_STORE', status: 503 }),
  )
  expect(store.setEnd('a', { life: 1000 })).toBeDefined()
  now += 1001
  expect(store.setEnd('c', { life: 1000 })).toBeDefined()
})

test("R111: the log of a MemoryStore's ends reaches back an hour, and never loses its last place", () => {
  const store = ends(5000)
  const { last: first } = store.readEnds([])
  for (let index = 0; index < 1500; index++) store.setEnd(`key ${index}`, { life: 10 })
  const { last } = store.readEnds([])
  now += HOUR + 1000
  expect(store.readEnds([], { after: first }).continues).toBeUndefined()
  expect(store.readEnds([], { after: last })).toMatchObject({ last, news: [], continues: true })
  expect(store.setEnd('another key', { life: 10 })).toMatchObject({ before: last.position })
})

test('R111: an answer of a MemoryStore has no news where there are more than there is room for', () => {
  const store = ends(5000)
  const { last: after } = store.readEnds([])
  for (let index = 0; index <= 1000; index++) store.setEnd(`key ${index}`, { life: 1000 })
  expect(store.readEnds([], { after })).toMatchObject({ news: undefined, continues: true })
  expect(store.readEnds([], { after: { ...after, key: 'foreign' } }).continues).toBe(false)
})
