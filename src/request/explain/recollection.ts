import { RecentMap } from '../../base/recent-map'
import type { SessionEvents } from '../../session/events'
import { fingerprint } from '../../session/token'
import type { ToldCookie } from './explanation'
import { attributeOf } from './told'

/** How long ago a response may be for a client to be taken for the same one, in milliseconds. */
const RECENT = 60_000
/** How many clients, records and ends are remembered. */
const MAX_REMEMBERED = 1000

/** The cookie that a client was told to keep. */
export interface LastTold {
  readonly cookie: ToldCookie
  /** The host that was asked for then, without its port. */
  readonly host: string
  readonly at: number
  /** No request has shown so far that the client keeps cookies. */
  readonly isAwaited: boolean
}

interface SeenRecord {
  /** Until when it was to live: milliseconds since 1970. */
  readonly until: number
  /** What was known of its ends then. */
  readonly changes: number
  readonly owner: string | undefined
  readonly at: number
}

/** What became of a record: `there`, it should be there still; `over`, its time is past, or this process has ended it. */
export type RecordState = 'unknown' | 'there' | 'over'

/** What a process remembers of its last responses, while sessions are debugged: a client is an address and a browser. */
export class Recollection {
  readonly #told = new RecentMap<LastTold>(MAX_REMEMBERED)
  readonly #records = new RecentMap<SeenRecord>(MAX_REMEMBERED)
  /** The sessions that were ended, by their fingerprints; and when all of an owner were. */
  readonly #ended = new RecentMap<true>(MAX_REMEMBERED)
  readonly #ownersEnded = new RecentMap<number>(MAX_REMEMBERED)
  /** When sessions were ended of which nobody says which ones they are. */
  #someEnded = 0

  noteTold(client: string, told: LastTold): void {
    if (told.cookie.does === 'set') this.#told.set(client, told)
    else this.#told.delete(client)
  }

  /** The client has brought these cookies. */
  noteBack(client: string, fingerprints: readonly string[]): void {
    const last = this.#told.get(client)
    if (last && fingerprints.includes(last.cookie.fingerprint)) this.#told.set(client, { ...last, isAwaited: false })
  }

  /** The cookie that a client was told to keep just now, and which it should have still. */
  toldTo(client: string, now: number): LastTold | undefined {
    const last = this.#told.get(client)
    return last && now - last.at < RECENT && endOf(last) > now ? last : undefined
  }

  noteRecord(id: string, record: SeenRecord): void {
    this.#records.set(id, record)
  }

  /** Sessions were ended: one, all of an owner, or whatever carries a key. */
  noteEnded({ session, owner }: SessionEvents['ended'], now: number): void {
    if (session !== undefined) this.#ended.set(session, true)
    else if (owner !== undefined) this.#ownersEnded.set(owner, now)
    else this.#someEnded = now
  }

  /** What this process knows of a record that is not there. */
  stateOf(id: string, changes: number, now: number): RecordState {
    if (this.#ended.get(fingerprint(id))) return 'over'
    const record = this.#records.get(id)
    if (!record) return 'unknown'
    const { until, owner, at } = record
    const ended = Math.max(this.#someEnded, (owner === undefined ? undefined : this.#ownersEnded.get(owner)) ?? 0)
    return until <= now || record.changes !== changes || at <= ended ? 'over' : 'there'
  }
}

/** When a browser forgets the cookie: milliseconds since 1970. */
function endOf({ cookie: { attributes }, at }: LastTold): number {
  const maxAge = attributeOf(attributes, 'max-age')
  if (maxAge !== undefined) return at + Number(maxAge) * 1000
  const expires = attributeOf(attributes, 'expires')
  return expires === undefined ? Infinity : Date.parse(expires)
}
