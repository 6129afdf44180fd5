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

/** What has to be known of a session to judge it: nothing; the end of its id; or those of all its keys. */
export type Unknown = 'nothing' | 'id' | 'all'

/** How many keys a process remembers, and how many of the last ends. */
const MAX_KEYS = 50_000
const NO_END: Entry = { end: undefined }

/**
 * What a process remembers of ends: it follows their log. It may be used for `maxStale` milliseconds from when the store
 * was asked; messages make it newer, never longer valid.
 */
export class EndMemory {
  readonly #maxStale: number
  readonly #max: number
  readonly #isId: (key: string) => boolean
  #entries: RecentMap<Entry>
  /** All ends behind a position, the oldest first: a session that began there needs no entry of its own. */
  readonly #ended = new Map<string, Entry>()
  #completeFrom = Infinity
  #known: Known | undefined
  #floor: number | undefined
  /** The highest position that the end of anything but an id may have. */
  #wide = Infinity
  /** When the last question was asked whose answer is in it. */
  #asked = -Infinity
  /** An end is missing in it. */
  #hasGap = false
  /** How often messages may have been lost, and how many of those times the store was asked since. */
  #losses = 0
  #lossesSeen = 0

  /** @param isId whether a key is the id of a session: whatever else is ended may end many of them */
  constructor(maxStale: number, isId: (key: string) => boolean, max = MAX_KEYS) {
    this.#maxStale = maxStale
    this.#isId = isId
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

  /**
   * What has to be known of a session that began at this position. One that began after the last end is good; and where nothing
   * but ids was ended since, its own id decides.
   */
  unknownOf(since: number | undefined, now: number): Unknown {
    const floor = this.#floor
    if (!this.#known || since === undefined || floor === undefined || !this.isFresh(now)) return 'all'
    if (since < this.#known.born || since > floor) return 'all'
    if (since === floor) return 'nothing'
    return since >= this.#wide ? 'id' : 'all'
  }

  /**
   * What it says of these keys; undefined where it may not be used, or does not know all of them.
   *
   * @param since where the session began: what was ended before does not matter to it
   */
  recall(keys: readonly string[], now: number, since?: number): EndsKnown | undefined {
    if (!this.#known || !this.isFresh(now)) return undefined
    // Each is read once: to read another one may let it be forgotten.
    const entries = keys.map((key) => this.#entryOf(key, since))
    return entries.every((entry) => entry !== undefined) ? this.#knownWith(entries) : undefined
  }

  /** What it says of these keys, however old that is. */
  recallAnyhow(keys: readonly string[]): EndsKnown | undefined {
    return this.#known && this.#knownWith(keys.map((key) => this.#lastOf(key)))
  }

  #knownWith(entries: readonly (Entry | undefined)[]): EndsKnown {
    return {
      born: (this.#known as Known).born,
      last: this.#floor as number,
      found: entries.map((entry) => entry?.end),
    }
  }

  /** What it says of the id of a session that nothing else can end, by {@link unknownOf}. */
  recallId(key: string, since: number | undefined): { readonly end: Ending | undefined } | undefined {
    return this.#entryOf(key, since)
  }

  #entryOf(key: string, since = -Infinity): Entry | undefined {
    if (since >= this.#completeFrom) return this.#ended.get(key) ?? NO_END
    return this.#entries.get(key)
  }

  #lastOf(key: string): Entry | undefined {
    return this.#entries.get(key) ?? this.#ended.get(key)
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
    else this.#beginAt(last.position)
    for (let place = 0; place < keys.length; place++) this.#entries.set(keys[place], entryOf(found[place]))
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
    const ends = keys.map((key, index) => newer(this.#lastOf(key)?.end, found[index]))
    return { born, last: this.#floor as number, found: ends }
  }

  /** Of what was ended before this position, nothing is known. */
  #beginAt(position: number): void {
    this.#entries = new RecentMap(this.#max)
    this.#ended.clear()
    this.#completeFrom = position
    this.#wide = position
  }

  #learn(key: string, end: Ending): void {
    const entry = this.#entries.get(key)
    if (entry) this.#entries.set(key, { end: newer(entry.end, end) })
    const last = this.#ended.get(key)
    this.#ended.delete(key)
    this.#ended.set(key, { end: newer(last?.end, end) })
    if (this.#ended.size > this.#max) this.#forgetOldest()
    if (!this.#isId(key)) this.#wide = Math.max(this.#wide, end.position)
  }

  #forgetOldest(): void {
    const [[key, { end }]] = this.#ended
    this.#ended.delete(key)
    this.#completeFrom = Math.max(this.#completeFrom, (end as Ending).position)
  }

  #rise(position: number): void {
    this.#floor = Math.max(this.#floor ?? -Infinity, position)
  }
}

/** Most keys have none. */
function entryOf(end: Ending | null | undefined): Entry {
  return end ? { end } : NO_END
}

function endingOf({ position, except, later }: EndNews): Ending {
  return { position, except, later }
}

function newer(one: Ending | undefined, other: Ending | undefined): Ending | undefined {
  if (!one || !other) return one ?? other
  return one.position >= other.position ? one : other
}
