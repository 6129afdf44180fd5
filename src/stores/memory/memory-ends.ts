import { SessionError } from '../../base/errors'
import { monotonic } from '../../base/monotonic'
import type { EndPoint, EndsAnswer, EndSet, EndStore, KeyEnd, SetEndOptions } from '../../contracts/end-store'
import { endAt, LOG_LIFE_MS, MAX_NEWS, maySpare, nextPosition, positionAt } from '../../ends/setting'
import { ExpiryHeap } from './expiry-heap'

/** A key's last end, and until when it is kept. */
class Entry {
  place = 0

  constructor(
    readonly key: string,
    public end: KeyEnd,
    public until: number,
  ) {}
}

const NO_NEWS: EndsAnswer['news'] = []
/** How many places of the log are let go of at a time. */
const LOG_BATCH = 1000

/** The ends of keys in this process's memory. */
export class MemoryEnds implements EndStore {
  readonly #max: number
  readonly #clock: () => number
  readonly #born: EndPoint
  readonly #entries = new Map<string, Entry>()
  readonly #expiring = new ExpiryHeap<Entry>()
  /** The oldest first. */
  #log: EndPoint[]

  /**
   * @param max how many keys it holds: past that it refuses
   * @param clock the time of day when the process began, and what has passed since by a clock that only goes forward
   */
  constructor(max: number, clock: () => number = clockOfProcess()) {
    this.#max = max
    this.#clock = clock
    this.#born = { position: positionAt(clock()), key: '' }
    this.#log = [this.#born]
  }

  /** How many keys have an end. */
  get size(): number {
    return this.#entries.size
  }

  readEnds(keys: readonly string[], { after }: { after?: EndPoint } = {}): EndsAnswer {
    const now = this.#clock()
    this.#forget(now)
    const { position: born } = this.#born
    const last = this.#last
    const found = keys.map((key) => this.#entries.get(key)?.end)
    if (!after) return { born, last, now, found }
    return { born, last, now, found, news: this.#newsAfter(after), continues: this.#has(after) }
  }

  setEnd(key: string, options: SetEndOptions): EndSet | undefined {
    const now = this.#clock()
    this.#forget(now)
    const entry = this.#entries.get(key)
    const was = entry?.end
    if (!maySpare(was, options.spare)) return undefined
    if (!entry && this.#entries.size >= this.#max) throw full(this.#max)
    const before = this.#last.position
    const end = endAt(nextPosition(before, now), now, was, options)
    this.#put(key, entry, end, now + options.life)
    this.#log.push({ position: end.position, key })
    return { end, before, was }
  }

  #put(key: string, entry: Entry | undefined, end: KeyEnd, until: number): void {
    if (entry) {
      Object.assign(entry, { end, until: Math.max(entry.until, until) })
      this.#expiring.update(entry)
      return
    }
    const added = new Entry(key, end, until)
    this.#entries.set(key, added)
    this.#expiring.add(added)
  }

  get #last(): EndPoint {
    return this.#log.at(-1) as EndPoint
  }

  #newsAfter({ position }: EndPoint): EndsAnswer['news'] {
    const start = this.#placeOf(position + 1)
    if (start === this.#log.length) return NO_NEWS
    if (this.#log.length - start > MAX_NEWS) return undefined
    return this.#log.slice(start).flatMap(({ key }) => {
      const entry = this.#entries.get(key)
      return entry ? [[key, entry.end] as const] : []
    })
  }

  #has({ position, key }: EndPoint): boolean | undefined {
    if (position < this.#log[0].position) return undefined
    const place = this.#log.at(this.#placeOf(position))
    return place?.position === position && place.key === key
  }

  /** The place of the first end of the log at this position or behind it. */
  #placeOf(position: number): number {
    let [low, high] = [0, this.#log.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#log[middle].position < position) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Ends whose time is past, and their places in the log; the last one stays. */
  #forget(now: number): void {
    for (let first = this.#expiring.first; first && first.until < now; first = this.#expiring.first) {
      this.#expiring.delete(first)
      this.#entries.delete(first.key)
    }
    const old = this.#placeOf(positionAt(now - LOG_LIFE_MS))
    if (old >= LOG_BATCH) this.#log = this.#log.slice(Math.min(old, this.#log.length - 1))
  }
}

function clockOfProcess(): () => number {
  const began = Date.now()
  const start = monotonic()
  return () => began + (monotonic() - start)
}

function full(max: number): SessionError {
  return new SessionError(
    'ERR_SESSION_STORE',
    `MemoryStore holds the ends of ${max} keys, and takes no more: forgetting one would let a session live that was ended. ` +
      'Give it a larger "maxEnds", or keep ends in a store of another kind.',
    { status: 503 },
  )
}
