import { RecentMap } from '../base/recent-map'
import type { EndPoint, EndsAnswer } from '../contracts/end-store'
import { answered, heard, type Answered, type EndNews, type Known } from './following'
import type { Ending, Reach } from './judgement'

/** What is known of a key: its last end, or that it has none. */
interface Entry {
  readonly end: Ending | undefined
}

/** A question to the store of ends. */
export interface Question {
  /** When it was asked, by the process's monotonic clock. */
  readonly asked: number
  /** What was known by then: the answer says what is new. */
  readonly after: EndPoint | undefined
  /** What the store had begun with then. */
  readonly born: number | undefined
  /** How often messages may have been lost until then. */
  readonly losses: number
}

/** What sessions are judged by. */
export interface EndsKnown extends Reach {
  readonly found: readonly (Ending | undefined)[]
}

/** How many keys a process remembers. */
const MAX_KEYS = 10_000

/**
 * What a process remembers of ends: it follows their log. It may be used for `maxStale` milliseconds from when the store
 * was asked; messages make it newer, never longer valid.
 */
export class EndMemory {
  readonly #maxStale: number
  readonly #max: number
  #entries: RecentMap<Entry>
  #known: Known | undefined
  #floor: number | undefined
  /** When the last question was asked whose answer is in it. */
  #asked = -Infinity
  /** An end is missing in it. */
  #hasGap = false
  /** How often messages may have been lost, and how many of those times the store was asked since. */
  #losses = 0
  #lossesSeen = 0

  constructor(maxStale: number, max = MAX_KEYS) {
    this.#maxStale = maxStale
    this.#max = max
    this.#entries = new RecentMap(max)
  }

  /** The highest position that was read or heard; undefined where there was none. */
  get floor(): number | undefined {
    return this.#floor
  }

  /** Whether it may be used at this time. */
  isFresh(now: number): boolean {
    return !this.#hasGap && this.#losses === this.#lossesSeen && now - this.#asked < this.#maxStale
  }

  /** What it says of these keys; undefined where it may not be used, or does not know all of them. */
  recall(keys: readonly string[], now: number): EndsKnown | undefined {
    return this.isFresh(now) && keys.every((key) => this.#entries.get(key) !== undefined)
      ? this.recallAnyhow(keys)
      : undefined
  }

  /** What it says of these keys, however old that is. */
  recallAnyhow(keys: readonly string[]): EndsKnown | undefined {
    if (!this.#known) return undefined
    return {
      born: this.#known.born,
      last: this.#floor as number,
      found: keys.map((key) => this.#entries.get(key)?.end),
    }
  }

  /** An end was set: by this process, or by another one whose message it is. */
  hear(news: EndNews): void {
    const { key, position } = news
    this.#rise(position)
    if (!this.#known) return
    const what = heard(this.#known, news)
    if (what === 'old') return
    this.#learn(key, endingOf(news))
    if (what === 'gap') this.#hasGap = true
    else this.#known = { ...this.#known, last: { position, key } }
  }

  /** Messages may have been lost: the next opening asks. */
  loseMessages(): void {
    this.#losses++
  }

  ask(now: number): Question {
    return { asked: now, after: this.#known?.last, born: this.#known?.born, losses: this.#losses }
  }

  /** Takes an answer in. Returns what sessions are judged by, and what became of the answer. */
  take(
    { asked, losses }: Question,
    keys: readonly string[],
    answer: EndsAnswer,
  ): { known: EndsKnown; became: Answered } {
    const became = answered(this.#known, this.#floor, answer)
    if (became === 'older') return { known: this.#combined(asked, keys, answer), became }
    if (became === 'afresh') this.#floor = undefined
    const { born, last, news = [], found } = answer
    if (became === 'news') for (const [key, end] of news) this.#learn(key, end)
    else this.#entries = new RecentMap(this.#max)
    keys.forEach((key, index) => this.#entries.set(key, { end: found[index] }))
    this.#known = { born, last }
    this.#rise(last.position)
    this.#hasGap = false
    this.#lossesSeen = Math.max(this.#lossesSeen, losses)
    this.#asked = became === 'afresh' ? asked : Math.max(this.#asked, asked)
    return { known: { born, last: last.position, found }, became }
  }

  /** Newer ends were heard of than those of the answer: each key counts by the newer of both. */
  #combined(asked: number, keys: readonly string[], { born, found }: EndsAnswer): EndsKnown {
    this.#asked = Math.max(this.#asked, asked)
    const ends = keys.map((key, index) => newer(this.#entries.get(key)?.end, found[index]))
    return { born, last: this.#floor as number, found: ends }
  }

  /** Only what is kept is kept up to date. */
  #learn(key: string, end: Ending): void {
    const entry = this.#entries.get(key)
    if (entry) this.#entries.set(key, { end: newer(entry.end, end) })
  }

  #rise(position: number): void {
    this.#floor = Math.max(this.#floor ?? -Infinity, position)
  }
}

function endingOf({ position, except, later }: EndNews): Ending {
  return { position, except, later }
}

function newer(one: Ending | undefined, other: Ending | undefined): Ending | undefined {
  if (!one || !other) return one ?? other
  return one.position >= other.position ? one : other
}
