import { SessionError } from '../base/errors'
import type { Ends } from '../ends/ends'
import { keyOfOwner, type Origin } from '../ends/keys'
import type { SessionConfig } from '../config/config'
import { holderOf } from '../request/open/stored'
import type { RequestSession } from '../request/session/request-session'
import type { SessionEvents } from '../session/events'
import { endedItself } from './ended-itself'
import type { Asked } from './owner-sessions'

/** Which sessions end with a key. */
export interface KeyEnding {
  readonly key: string
  /** What is told: the key, or whose sessions they are. */
  readonly told: Pick<SessionEvents['ended'], 'reason' | 'key' | 'owner'>
  readonly except?: 'current'
  readonly later?: boolean
  readonly everywhere?: boolean
  /** Whether the session of the request that asks is the one that it had when it asked. */
  readonly isSame: () => boolean
}

/**
 * Ends a key. The session of the request that asks ends with it, unless it is spared: also where the end cannot be written.
 *
 * @param asker the session of the request that asks, read; undefined outside of one
 */
export async function endKey(
  { emit }: SessionConfig,
  ends: Ends,
  asker: RequestSession | undefined,
  { key, told, except, later, everywhere, isSame }: KeyEnding,
): Promise<void> {
  const spare = except === 'current' && asker ? await originOf(asker) : undefined
  const carriesKey = (): boolean => asker?.stored !== undefined && ends.carries(holderOf(asker.stored), key)
  const own = !spare && carriesKey() ? asker : undefined
  const endOwn = async (): Promise<void> => {
    if (isSame()) return own?.end('key')
    // Another session took its place meanwhile.
    if (carriesKey()) own?.replaceEnded()
  }
  try {
    if (!(await ends.end(key, { spare, later }))) throw endedItself()
  } catch (error) {
    await endOwn().catch(() => undefined)
    throw error
  }
  asker?.scope.arriveAnew()
  emit('ended', { ...told, ctx: asker?.scope.ctx })
  await endOwn()
  if (everywhere) await ends.everywhere()
}

/** Ends all sessions of an owner that no index lists: they are not known, and are judged when they come. */
export async function endOwner(
  config: SessionConfig,
  ends: Ends,
  { owner, asker, isSame }: Asked,
  { except, everywhere }: { except?: string; everywhere?: boolean },
): Promise<void> {
  if (except !== undefined && except !== 'current') throw withoutHandles()
  const told = { reason: 'all', owner } as const
  const spared = except === undefined ? {} : ({ except: 'current' } as const)
  await endKey(config, ends, asker, { key: keyOfOwner(owner), told, everywhere, isSame, ...spared })
}

/** A cookie of before there were ends has no id that could be spared: it gets one first. */
async function originOf(asker: RequestSession): Promise<Origin | undefined> {
  if (asker.stored && asker.stored.origin?.id === undefined) await asker.commit('save')
  return asker.stored?.origin
}

function withoutHandles(): SessionError {
  return new SessionError(
    'ERR_SESSION_BAD_VALUE',
    "sessions.revokeAll({ except }) takes 'current' for sessions that no index lists, such as those in their cookies: nobody knows " +
      'which there are, so they have no handles. Keep sessions in a store that can list them.',
  )
}
