import { SessionError } from '../base/errors'
import type { Backend, Owners } from '../contracts/backend'
import type { OwnedRecord } from '../contracts/store'
import type { SessionConfig } from '../config/config'
import { needsIndex } from '../options/option-checks'
import { keyOfOwner, type Origin } from '../ends/keys'
import { createdAt, timeLeft } from '../session/record'
import { endedItself } from './ended-itself'
import { endEvent } from '../session/end-event'
import { signInInfoOf, type DeviceInfo } from '../session/sign-in-info'
import { fingerprint, handleOf } from '../session/token'
import { endOwned } from '../request/commit/owner-ends'
import { isEndedByMark, liveRecordsOf } from '../request/commit/revocation'
import { originOf } from '../request/open/stored'
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
  device: DeviceInfo | undefined
}

/** Who asks for whose sessions. */
export interface Asked {
  readonly owner: string
  readonly backend: Backend
  /** The request that asks, where the session in it was this owner's then. */
  readonly current: RequestSession | undefined
  /** Whether that is the same session still: beside the verb, it may change hands. */
  readonly isSame: () => boolean
  /** The request that asks, with whatever session it has. */
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
    const { owner, current, isSame } = asked
    let isOwn = false
    const choose = async (): Promise<OwnedRecord[]> => {
      const records = await this.#recordsOf(asked, 'sessions.revoke()')
      const found = records.filter(({ key }) => handleOf(key) === handle)
      isOwn = current !== undefined && found.some(({ key }) => key === current.id)
      return isOwn ? [] : found
    }
    const owners = indexOf(asked.backend, 'sessions.revoke()')
    const tell = (key: string): void => {
      this.#config.publish(current?.scope.ctx, 'ended', key)
      this.#tell(key, asked, 'one')
    }
    const { count, failures } = await endOwned({ owners, owner, choose, tell })
    if (failures.length > 0) throw failures[0]
    if (isOwn && isSame()) await current?.end('one')
    return isOwn || count > 0
  }

  /**
   * Ends what is there, and sets the owner's mark before that: a sign-in that is under way finds it after its write, where the
   * list has missed it. A sign-in that has seen the mark came later, and is spared. Every step is made, whatever becomes of
   * the others.
   */
  async revokeAll(asked: Asked, { except, later }: { except?: string; later?: boolean } = {}): Promise<number> {
    const { owner, backend, current, asker } = asked
    const owners = indexOf(backend, 'sessions.revokeAll()')
    this.#config.nameOf(owner)
    const ended = await attempt(async () => this.#endKey(owners, asked, { except, later }))
    if (ended.value === false) throw endedItself()
    const marked = await attempt(async () => owners.setMark(owner))
    const look = await attempt(async () => owners.readMark(owner))
    // Where there is no mark to tell them from what is older, later sign-ins end as well.
    const mark = marked.error === undefined ? look.value?.notBefore : undefined
    const isKept = (key: string | undefined): boolean => {
      if (key === undefined || except === undefined) return false
      return except === 'current' ? key === current?.id : handleOf(key) === except
    }
    const choose = async (): Promise<OwnedRecord[]> => {
      const records = await owners.listByOwner(owner)
      return records.filter(({ key, record }) => !isKept(key) && isEndedByMark(mark ?? Infinity, record))
    }
    const { count, failures } = await endOwned({ owners, owner, choose, tell: (key) => this.#tell(key, asked, 'all') })
    this.#config.publish(current?.scope.ctx, 'revoked', this.#config.nameOf(owner))
    asker?.scope.noteRevoked(owner, mark)
    const own = current && !isKept(current.id) ? await attempt(async () => endCurrent(current, asked)) : {}
    const others = [...failures, own.error].filter((error) => error !== undefined)
    const underWay = marked.error ?? ended.error
    if (underWay !== undefined || others.length > 0) throw incomplete(count, underWay, others)
    return count
  }

  /** With the option `ends`, sign-ins that are under way find the end of the owner's key. Returns whether it was set. */
  async #endKey(
    owners: Owners,
    { owner, current, asker }: Asked,
    { except, later }: { except: string | undefined; later: boolean | undefined },
  ): Promise<boolean> {
    const { ends } = this.#config
    if (!ends) return true
    const spare = except === 'current' ? current?.stored?.origin : await originBehind(owners, owner, except)
    const isSet = await ends.end(keyOfOwner(owner), { spare, later })
    asker?.scope.arriveAnew()
    return isSet
  }

  async #recordsOf({ owner, backend }: Asked, verb: string): Promise<OwnedRecord[]> {
    return liveRecordsOf(this.#config, indexOf(backend, verb), owner)
  }

  #describe({ key, record }: OwnedRecord, { current }: Asked): SignedInSession {
    const { signIn, seen, device } = signInInfoOf(record)
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
    this.#config.emit('ended', { ...endEvent(key, owner, reason), ctx: detail.ctx })
  }
}

/** Ends the session of the request that asks. What took its place meanwhile goes on. */
async function endCurrent(current: RequestSession, { owner, isSame }: Asked): Promise<void> {
  if (isSame()) return current.end('all')
  if (current.stored?.snapshot.owner === owner) current.replaceEnded()
}

/** Where the session with this handle began. */
async function originBehind(owners: Owners, owner: string, handle: string | undefined): Promise<Origin | undefined> {
  if (handle === undefined) return undefined
  const found = (await owners.listByOwner(owner)).find(({ key }) => handleOf(key) === handle)
  return found && originOf(found.record, found.key)
}

async function attempt<T>(work: () => Promise<T>): Promise<{ value?: T; error?: unknown }> {
  try {
    return { value: await work() }
  } catch (error) {
    return { error }
  }
}

/** What was ended stays so; and who may live is said. */
function incomplete(count: number, marking: unknown, others: unknown[]): SessionError {
  const error = (marking ?? others[0]) as Error
  const survivors = [
    ...(marking === undefined ? [] : ['sign-ins that are under way']),
    ...(others.length === 0 ? [] : ['other sessions of this owner']),
  ].join(' and ')
  const code = error instanceof SessionError ? error.code : 'ERR_SESSION_STORE'
  return new SessionError(
    code,
    `sessions.revokeAll() has ended ${count} sessions, and failed: ${survivors} may live. Call it again once the store ` +
      `takes writes. ${error.message}`,
    { status: 503, cause: error.cause },
  )
}

/** @throws {SessionError} `ERR_SESSION_OPTIONS` where the store does not know whose sessions it holds */
function indexOf({ owners }: Backend, verb: string): Owners {
  if (owners) return owners
  throw new SessionError('ERR_SESSION_OPTIONS', needsIndex(verb))
}
