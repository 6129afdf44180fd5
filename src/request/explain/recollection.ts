import { RecentMap } from '../../base/recent-map'
import type { ToldCookie } from './explanation'

/** How long ago a response may be for a client to be taken for the same one, in milliseconds. */
const RECENT = 60_000
/** How many clients and records are remembered. */
const MAX_REMEMBERED = 1000

interface SeenRecord {
  /** Until when it was to live: milliseconds since 1970. */
  readonly until: number
  /** What was known of its ends then. */
  readonly changes: number
}

/** What a process remembers of its last responses, while sessions are debugged: a client is an address and a browser. */
export class Recollection {
  readonly #told = new RecentMap<{ cookie: ToldCookie; at: number }>(MAX_REMEMBERED)
  readonly #records = new RecentMap<SeenRecord>(MAX_REMEMBERED)

  noteTold(client: string, cookie: ToldCookie, now: number): void {
    if (cookie.does === 'set') this.#told.set(client, { cookie, at: now })
    else this.#told.delete(client)
  }

  /** The cookie that a client was told to keep just now. */
  toldTo(client: string, now: number): ToldCookie | undefined {
    const last = this.#told.get(client)
    return last && now - last.at < RECENT ? last.cookie : undefined
  }

  noteRecord(id: string, record: SeenRecord): void {
    this.#records.set(id, record)
  }

  /** Whether a record was there, should be there still, and was not ended here since. */
  misses(id: string, changes: number, now: number): boolean {
    const record = this.#records.get(id)
    return record !== undefined && record.until > now && record.changes === changes
  }
}
