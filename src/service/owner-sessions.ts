import { SessionError } from '../base/errors'
import { fingerprint } from '../base/debug'
import type { Backend } from '../contracts/backend'
import type { OwnedRecord, OwnerIndexedStore } from '../contracts/store'
import type { SessionConfig } from '../options/config'
import { needsIndex } from '../options/option-checks'
import { createdAt, timeLeft } from '../session/record'
import { tenureOf, type Device } from '../session/tenure'
import { handleOf } from '../session/token'
import { liveRecordsOf } from '../request/commit/owner-looks'
import type { RequestSession } from '../request/session/request-session'

/** One of the sessions that an owner has; times are in milliseconds since 1970. */
export interface SignedInSession {
  /** What it is called here: a hash, which opens nothing. */
  handle: string
  /** Whether it is the session of the request that asks. */
  current: boolean
  /** When its owner signed in. */
  createdAt: number | undefined
  /** When it was last used, to within the option `seenEvery`. */
  lastSeenAt: number | undefined
  /** When it ends if it is not used; undefined where nothing bounds it but the store. */
  expiresAt: number | undefined
  /** What the option `device` said when it was last seen. */
  device: Device | undefined
}

/** Who asks for whose sessions. */
export interface Asked {
  readonly owner: string
  readonly backend: Backend
  /** The request that asks, where the session in it is this owner's. */
  readonly current: RequestSession | undefined
  /** The request that asks, whoever's the session in it is. */
  readonly asker: RequestSession | undefined
}

/** The sessions of an owner. What ends them goes through the records: an index alone is not trusted. */
export class OwnerSessions {
  readonly #config: SessionConfig

  constructor(config: SessionConfig) {
    this.#config = config
  }

  async list(asked: Asked): Promise<SignedInSession[]> {
    const records = await this.#recordsOf(asked, 'sessions.list()')
    const sessions = records.map((found) => this.#describe(found, asked))
    return sessions.sort((one, other) => (other.lastSeenAt ?? 0) - (one.lastSeenAt ?? 0))
  }

  /** Whether there was such a session. An unknown handle, a forged one and another owner's are the same. */
  async revoke(handle: unknown, asked: Asked): Promise<boolean> {
    const records = await this.#recordsOf(asked, 'sessions.revoke()')
    const [found] = records.filter(({ key }) => handleOf(key) === handle)
    if (!found) return false
    if (found.key === asked.current?.id) return end(asked.current).then(() => true)
    const ended = await indexOf(asked.backend, '').destroyByOwner(asked.owner, { only: found.key })
    if (ended === 0) return false
    this.#config.tell(asked.current?.scope.ctx, 'ended', found.key)
    this.#tell(found.key, asked, 'one')
    return true
  }

  /** The mark comes first: a sign-in that is under way finds it after its write, where the list has missed it. */
  async revokeAll(asked: Asked, { except }: { except?: string } = {}): Promise<number> {
    const { owner, backend, current, asker } = asked
    const owners = indexOf(backend, 'sessions.revokeAll()')
    await owners.setMark(owner)
    const records = await this.#recordsOf(asked, '')
    const kept = except === 'current' ? current?.id : records.find(({ key }) => handleOf(key) === except)?.key
    const count = await owners.destroyByOwner(owner, { except: kept })
    this.#config.tell(current?.scope.ctx, 'revoked', owner)
    for (const { key } of records) if (key !== kept) this.#tell(key, asked, 'all')
    asker?.scope.noteRevoked(owner)
    if (current && (kept === undefined || kept !== current.id)) await end(current)
    return count
  }

  async #recordsOf({ owner, backend }: Asked, verb: string): Promise<OwnedRecord[]> {
    return liveRecordsOf(this.#config, indexOf(backend, verb), owner)
  }

  #describe({ key, record }: OwnedRecord, { current }: Asked): SignedInSession {
    const { signIn, seen, device } = tenureOf(record)
    const now = Date.now()
    const left = timeLeft(record._expire, createdAt(record, now), this.#config.policyOf(record), now)
    return {
      handle: handleOf(key),
      current: key === current?.id,
      createdAt: signIn?.at,
      lastSeenAt: seen,
      expiresAt: left === 'session' ? undefined : now + left,
      device,
    }
  }

  #tell(key: string, { owner, current }: Asked, reason: 'one' | 'all'): void {
    const detail = { session: fingerprint(key), owner, handle: handleOf(key), reason, ctx: current?.scope.ctx }
    this.#config.emit('revoked', detail)
  }
}

async function end(session: RequestSession): Promise<void> {
  session.session = null
  await session.commit('commit')
}

/** @throws {SessionError} `ERR_SESSION_OPTIONS` where the store does not know whose sessions it holds */
function indexOf({ owners }: Backend, verb: string): OwnerIndexedStore {
  if (owners) return owners
  throw new SessionError('ERR_SESSION_OPTIONS', needsIndex(verb))
}
