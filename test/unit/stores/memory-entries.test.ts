import { Entry, MemoryEntries } from '../../../src/stores/memory/memory-entries'

/** How often the order of expiry was looked at. */
let looks = 0

/** An entry that counts who asks when it expires. */
function entryOf(key: string, until: number): Entry {
  const entry = new Entry(key, '{}', until, undefined, undefined)
  let value = until
  Object.defineProperty(entry, 'until', { get: () => (looks++, value), set: (next: number) => (value = next) })
  return entry
}

/** So many entries, in an order of expiry that is neither that of their making nor its reverse. */
function filled(count: number): MemoryEntries {
  const entries = new MemoryEntries()
  for (let index = 0; index < count; index++) entries.add(entryOf(`id-${index}`, (index * 7919) % count))
  return entries
}

test.each([1_000, 64_000])('R65: room for a record among %d is made without a search', (count) => {
  const entries = filled(count)
  const levels = Math.ceil(Math.log(count) / Math.log(4))
  for (let round = 0; round < 100; round++) {
    looks = 0
    entries.delete(round % 2 ? entries.leastLatelyUsed : (entries.firstToExpire as Entry))
    entries.add(entryOf(`new-${round}`, (round * 31) % count))
    // Both go up and down the heap at most, and look at four children and at themselves on each level.
    expect(looks).toBeLessThanOrEqual(2 * 10 * (levels + 1))
  }
  expect(entries.size).toBe(count)
})

test('R65: the first to expire and the one least lately used are right whatever was added, used, changed and removed', () => {
  const entries = new MemoryEntries()
  /** By their use: the one least lately used stands first. */
  let all: Entry[] = []
  let seed = 1
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below
  const steps = [
    () => {
      const entry = new Entry(`id-${seed}`, '{}', random(1000), undefined, undefined)
      entries.add(entry)
      all.push(entry)
    },
    (entry: Entry) => {
      entries.use(entry)
      all = [...all.filter((other) => other !== entry), entry]
    },
    (entry: Entry) => entries.setUntil(entry, random(1000)),
    (entry: Entry) => {
      entries.delete(entry)
      all = all.filter((other) => other !== entry)
    },
  ]
  const check = (): void => {
    expect(entries.size).toBe(all.length)
    expect(entries.firstToExpire?.until).toBe(all.map(({ until }) => until).sort((one, other) => one - other)[0])
    if (all.length) expect(entries.leastLatelyUsed).toBe(all[0])
  }
  for (let step = 0; step < 600; step++) {
    steps[all.length < 30 ? 0 : random(steps.length)](all[random(all.length)])
    check()
  }
  while (all.length) {
    const first = entries.firstToExpire as Entry
    entries.delete(first)
    all = all.filter((other) => other !== first)
    check()
  }
})
