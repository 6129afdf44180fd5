import type { EndsAnswer } from '../../../src/contracts/end-store'
import { EndMemory } from '../../../src/ends/end-memory'
import { answered, heard, type Answered, type Heard } from '../../../src/ends/following'

const KNOWN = { born: 1, last: { position: 10, key: 'a' } }

test.each<[position: number, before: number, does: Heard]>([
  [9, 8, 'old'],
  [10, 9, 'old'],
  [11, 10, 'next'],
  [12, 11, 'gap'],
])('R110: a message of position %d behind %d is %s to a process that follows the log', (position, before, does) => {
  expect(heard(KNOWN, { key: 'k', position, before })).toBe(does)
})

const answer = (more: Partial<EndsAnswer> = {}): EndsAnswer => ({
  born: 1,
  last: { position: 12, key: 'b' },
  now: 0,
  found: [],
  news: [],
  continues: true,
  ...more,
})

test.each<
  [title: string, known: typeof KNOWN | undefined, floor: number | undefined, answer: EndsAnswer, does: Answered]
>([
  ['the first one', undefined, undefined, answer({ news: undefined, continues: undefined }), 'unknown'],
  ['with what is new', KNOWN, 10, answer(), 'news'],
  ['with more news than there is room for', KNOWN, 10, answer({ news: undefined }), 'unknown'],
  ['of a log that does not reach back', KNOWN, 10, answer({ continues: undefined }), 'unknown'],
  ['of another store', KNOWN, 10, answer({ born: 2 }), 'afresh'],
  ['of a store that has gone back', KNOWN, 10, answer({ continues: false }), 'afresh'],
  ['older than what was heard of', KNOWN, 13, answer(), 'older'],
  ['the first one, older than what was heard of', undefined, 13, answer(), 'older'],
  ['of another store, which is not as far', KNOWN, 13, answer({ born: 2, last: { position: 3, key: '' } }), 'afresh'],
])('R110: an answer of the store of ends is judged as it should be: %s', (_title, known, floor, given, does) => {
  expect(answered(known, floor, given)).toBe(does)
})

describe('a memory', () => {
  const first = answer({ last: { position: 10, key: 'a' }, found: [undefined], news: undefined, continues: undefined })
  function filled(maxStale = 100): EndMemory {
    const memory = new EndMemory(maxStale, (key) => key.startsWith('.'))
    memory.take(memory.ask(0), ['k'], first)
    return memory
  }

  test('R110: a memory of ends may be used for maxStale from when the question was asked', () => {
    const memory = filled()
    expect(memory.recall(['k'], 99)?.found).toEqual([undefined])
    expect(memory.recall(['k'], 100)).toBeUndefined()
    expect(memory.recall(['k', 'other'], 99)).toBeUndefined()
  })

  test('R111: a memory of ends says what has to be known of a session, by when that began', () => {
    const memory = filled()
    const unknown = (since: number | undefined, now = 50): string => memory.unknownOf(since, now)
    // Before its first question, whatever was ended may have been any key.
    expect([9, 10, 11, undefined].map((since) => unknown(since))).toEqual(['all', 'nothing', 'all', 'all'])
    expect(unknown(10, 100)).toBe('all')
    memory.hear({ key: '.one', position: 12, before: 10 })
    expect([9, 10, 11, 12].map((since) => unknown(since))).toEqual(['all', 'id', 'id', 'nothing'])
    memory.hear({ key: 'org', position: 14, before: 12 })
    expect([10, 12, 13, 14].map((since) => unknown(since))).toEqual(['all', 'all', 'all', 'nothing'])
    memory.hear({ key: '.two', position: 17, before: 16 })
    expect([14, 17].map((since) => unknown(since))).toEqual(['all', 'all'])
    const news = [['.two', { position: 17, at: 5 }] as const]
    memory.take(memory.ask(60), ['k'], { ...first, last: { position: 17, key: '.two' }, news, continues: true })
    expect([13, 14, 16, 17].map((since) => unknown(since, 70))).toEqual(['all', 'id', 'id', 'nothing'])
    memory.take(memory.ask(70), ['k'], { ...first, last: { position: 20, key: '.x' } })
    expect([17, 19, 20].map((since) => unknown(since, 80))).toEqual(['all', 'all', 'nothing'])
    expect(unknown(4, 80)).toBe('all')
  })

  test('R111: a memory of ends knows every key of a session that began since it follows the log, and of no other', () => {
    const memory = filled()
    const found = (since: number, key: string): unknown => memory.recall([key], 50, since)?.found
    expect([found(9, 'x'), found(10, 'x')]).toEqual([undefined, [undefined]])
    memory.hear({ key: 'x', position: 12, before: 10 })
    expect(found(11, 'x')).toMatchObject([{ position: 12 }])
    expect(memory.recallAnyhow(['x'])?.found).toMatchObject([{ position: 12 }])
    // More ends than it has room for: what began before the last of them is asked for again.
    for (let at = 12; at < 60_000; at++) memory.hear({ key: `.${at}`, position: at + 1, before: at })
    expect([found(9_999, 'y'), found(10_000, 'y')]).toEqual([undefined, [undefined]])
    memory.take(memory.ask(60), ['k'], { ...first, last: { position: 70_000, key: '.x' } })
    expect([found(69_999, 'y'), found(70_000, 'y')]).toEqual([undefined, [undefined]])
  })

  test('R110: a memory of ends that may not be used for any time is never used', () => {
    expect(filled(0).recall(['k'], 0)).toBeUndefined()
  })

  test('R110: a memory of ends learns of an end by its message, and is not good for longer by that', () => {
    const memory = filled()
    memory.hear({ key: 'k', position: 11, before: 10 })
    expect(memory.recall(['k'], 99)?.found).toEqual([{ position: 11 }])
    expect(memory.recall(['k'], 100)).toBeUndefined()
  })

  test('R110: a memory of ends is not used once a message is missing, until the store was asked', () => {
    const memory = filled()
    memory.hear({ key: 'k', position: 12, before: 11 })
    expect(memory.recall(['k'], 1)).toBeUndefined()
    memory.take(memory.ask(2), ['k'], answer({ found: [{ position: 12, at: 0 }] }))
    expect(memory.recall(['k'], 3)?.found).toEqual([{ position: 12, at: 0 }])
  })

  test('R110: a memory of ends asks for what came after the last end without a gap', () => {
    const memory = filled()
    memory.hear({ key: 'k', position: 11, before: 10 })
    memory.hear({ key: 'k', position: 13, before: 12 })
    expect(memory.ask(1).after).toEqual({ position: 11, key: 'k' })
    expect(memory.floor).toBe(13)
  })

  test('R110: a memory of ends is not used after a loss of messages by an answer that was asked for before', () => {
    const memory = filled()
    const question = memory.ask(1)
    memory.loseMessages()
    memory.take(question, ['k'], answer())
    expect(memory.recall(['k'], 2)).toBeUndefined()
    memory.take(memory.ask(3), ['k'], answer())
    expect(memory.recall(['k'], 4)).toBeDefined()
  })

  test('R110: a memory of ends judges by an older answer together with what was heard, and does not keep it', () => {
    const memory = filled()
    const question = memory.ask(1)
    memory.hear({ key: 'k', position: 14, before: 10 })
    const older = answer({
      last: { position: 13, key: 'b' },
      found: [
        { position: 9, at: 0 },
        { position: 13, at: 0 },
      ],
    })
    expect(memory.take(question, ['k', 'other'], older)).toMatchObject({
      became: 'older',
      known: { last: 14, found: [{ position: 14 }, { position: 13 }] },
    })
    expect(memory.recall(['k'], 2)?.found).toEqual([{ position: 14 }])
    expect(memory.recall(['other'], 2)).toBeUndefined()
  })

  test('R110: a memory of ends forgets all of a store that is no more, and how far that had come', () => {
    const memory = filled()
    memory.hear({ key: 'k', position: 30, before: 10 })
    memory.take(memory.ask(1), ['k'], answer({ born: 20, last: { position: 20, key: '' }, found: [undefined] }))
    expect(memory.recall(['k'], 2)).toEqual({ born: 20, last: 20, found: [undefined] })
    expect(memory.floor).toBe(20)
  })
})
