import type { KeyEnd } from '../../../src/contracts/end-store'
import { endAt, maySpare, nextPosition } from '../../../src/ends/setting'

test('R107: positions of ends rise with the clock, and where it was set back', () => {
  expect(nextPosition(5_000_000, 5_001)).toBe(5_001_000)
  expect(nextPosition(5_000_000, 4_000)).toBe(5_000_001)
  expect(nextPosition(5_000_000, 5_000)).toBe(5_000_001)
})

test.each<
  [title: string, was: Partial<KeyEnd> | undefined, spare: { id: string; since: number } | undefined, may: boolean]
>([
  ['nobody is spared', { position: 9 }, undefined, true],
  ['the first end', undefined, { id: 'me', since: 5 }, true],
  ['it began after the earlier end', { position: 5 }, { id: 'me', since: 5 }, true],
  ['the earlier end has ended it', { position: 6 }, { id: 'me', since: 5 }, false],
  ['the earlier end spares it too', { position: 6, except: 'me' }, { id: 'me', since: 5 }, true],
  ['the earlier end spares another one', { position: 6, except: 'you' }, { id: 'me', since: 5 }, false],
])('R107: a session may be spared by an end, or not: %s', (_title, was, spare, may) => {
  expect(maySpare(was as KeyEnd | undefined, spare)).toBe(may)
})

test('R107: an end for later sessions too stays one', () => {
  const was: KeyEnd = { position: 1, at: 1, later: true }
  expect(endAt(2, 3, was, {})).toEqual({ position: 2, at: 3, later: true })
  expect(endAt(2, 3, undefined, { spare: { id: 'me', since: 1 } })).toEqual({ position: 2, at: 3, except: 'me' })
})
