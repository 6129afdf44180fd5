import { RecentMap } from '../../base/recent-map'
import type { EndedReason, SessionEvents } from '../../session/events'
import type { SessionHint } from '../../session/explanation-words'
import { fingerprint } from '../../session/token'
import type { ToldCookie } from './explanation'
import { attributeOf } from './told'

/** How long ago a response may be for a client to be taken for the same one, in milliseconds. */
const RECENT = 60_000
/** How long after a response its client has it for sure, in milliseconds: a request may have been sent before that. */
const ARRIVED = 1000
/** How many clients, cookies, records and ends are remembered. */
const MAX_REMEMBERED = 1000

/** The cookie that a client was told to keep. */
export interface Told {
  readonly cookie: ToldCookie
  /** The host that was asked for then, without its port. */
  readonly host: string
  readonly at: number
  /** No request has shown so far that the client keeps cookies. */
  readonly isAwaited: boolean
  /** The number of its connection; undefined where a client has none for itself. */
  readonly connection: number | undefined
  /** How long the session was to live, in milliseconds; undefined for as long as its browser. */
  readonly life: number | undefined
}

/** The same, as another request finds it. */
export interface LastTold extends Told {
  /** The request was sent when the client had the response, and not beside it. */
  readonly isSure: boolean
  /** The time of the cookie is past: a browser has it no more. */
  readonly isOver: boolean
}

/** How a client has come last. */
interface Came {
  readonly connection: number | undefined
  readonly at: number
  /** When it has come last over another connection. */
  readonly otherwise: number
}

interface End {
  readonly at: number
  readonly reason: EndedReason
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
  readonly #told = new RecentMap<Told>(MAX_REMEMBERED)
  readonly #came = new RecentMap<Came>(MAX_REMEMBERED)
  /** What was said of bad signatures, by the fingerprints of their cookies: the browser is told to forget the signature alone. */
  readonly #badSignatures = new RecentMap<SessionHint>(MAX_REMEMBERED)
  readonly #records = new RecentMap<SeenRecord>(MAX_REMEMBERED)
  /** The sessions that were ended, by their fingerprints; and all of an owner. */
  readonly #ended = new RecentMap<EndedReason>(MAX_REMEMBERED)
  readonly #ownersEnded = new RecentMap<End>(MAX_REMEMBERED)
  /** When sessions were ended of which nobody says which ones they are. */
  #someEnded = 0

  noteTold(client: string, told: Told): void {
    if (told.cookie.does === 'set') this.#told.set(client, told)
    else this.#told.delete(client)
  }

  /** The client has brought these cookies. */
  noteBack(client: string, fingerprints: readonly string[]): void {
    const last = this.#told.get(client)
    if (last && fingerprints.includes(last.cookie.fingerprint)) this.#told.set(client, { ...last, isAwaited: false })
  }

  /** A request comes. Returns the cookie that its client was told to keep just now. */
  toldTo(client: string, now: number, connection?: number): LastTold | undefined {
    const last = this.#told.get(client)
    const isAlone = this.#isAlone(client, now, connection)
    if (!last || now - last.at >= RECENT) return undefined
    const isNext = isAlone && last.connection === connection
    return { ...last, isSure: isNext || now - last.at >= ARRIVED, isOver: endOf(last) <= now }
  }

  /** Whether a client has come over one connection alone of late: a browser that has several may have sent the request long ago. */
  #isAlone(client: string, now: number, connection: number | undefined): boolean {
    const before = this.#came.get(client)
    const isSame = before?.connection === connection
    const otherwise = before ? (isSame ? before.otherwise : before.at) : -Infinity
    this.#came.set(client, { connection, at: now, otherwise })
    return connection !== undefined && isSame && now - otherwise >= ARRIVED
  }

  noteBadSignature(fingerprint: string, hint: SessionHint): void {
    this.#badSignatures.set(fingerprint, hint)
  }

  /** What was said of a cookie's signature before it was gone. */
  badSignatureOf(fingerprint: string): SessionHint | undefined {
    return this.#badSignatures.get(fingerprint)
  }

  noteRecord(id: string, record: SeenRecord): void {
    this.#records.set(fingerprint(id), record)
  }

  /** Sessions were ended: one, all of an owner, or whatever carries a key. */
  noteEnded({ session, owner, reason }: SessionEvents['ended'], at: number): void {
    if (session !== undefined) this.#ended.set(session, reason)
    else if (owner !== undefined) this.#ownersEnded.set(owner, { at, reason })
    else this.#someEnded = at
  }

  /** Why this process has ended a session, by its fingerprint; undefined where it has not. */
  reasonOf(session: string): EndedReason | undefined {
    const reason = this.#ended.get(session)
    const record = this.#records.get(session)
    if (reason || record?.owner === undefined) return reason
    const end = this.#ownersEnded.get(record.owner)
    return end && record.at <= end.at ? end.reason : undefined
  }

  /** What this process knows of a record that is not there. */
  stateOf(id: string, changes: number, now: number): RecordState {
    const session = fingerprint(id)
    if (this.reasonOf(session)) return 'over'
    const record = this.#records.get(session)
    if (!record) return 'unknown'
    const { until, at } = record
    return until <= now || record.changes !== changes || at <= this.#someEnded ? 'over' : 'there'
  }
}

/** When a browser forgets the cookie: milliseconds since 1970. */
function endOf({ cookie: { attributes }, at }: Told): number {
  const maxAge = attributeOf(attributes, 'max-age')
  if (maxAge !== undefined) return at + Number(maxAge) * 1000
  const expires = attributeOf(attributes, 'expires')
  return expires === undefined ? Infinity : Date.parse(expires)
}
