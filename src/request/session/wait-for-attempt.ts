import { monotonic } from '../../base/monotonic'
import { within } from '../../base/within'
import { accessOf } from '../../session/access'
import { hashSession } from '../../session/hashes'
import { isOver, isRunning, lastAttempt, type OnceAttempt } from '../../session/once'
import { loadFresh } from '../outside/outside-scope'
import type { RequestScope } from '../scope/request-scope'
import { earliestNow } from './attempt-ids'

/** The first pause between two looks at the record, and the longest one, in milliseconds. Each is twice as long as the one before. */
const FIRST_PAUSE = 20
const LONGEST_PAUSE = 500

/**
 * Waits until somebody's attempt is no longer under way: `moved`, the record says so; `overdue`, it was seen under way for a whole
 * lease; `late`, the time is over until which the caller waits. It looks when the bus says that the session was written, and after
 * pauses that grow.
 */
export async function waitForAttempt(
  scope: RequestScope,
  id: string,
  attempt: OnceAttempt,
  { lease, deadline }: { lease: number; deadline: number },
): Promise<'moved' | 'overdue' | 'late'> {
  const until = monotonic() + lease
  const bell = new Bell(scope, id)
  try {
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      const rung = bell.next()
      const found = await loadFresh(scope, id)
      const last = found ? lastAttempt(accessOf(found.record).once, attempt[0]) : undefined
      const isSame = last !== undefined && last[1] === attempt[1] && isRunning(last)
      if (!isSame || isOver(last, undefined, earliestNow(last, lease))) return 'moved'
      const now = monotonic()
      if (now >= until) return 'overdue'
      if (now >= deadline) return 'late'
      await within(rung, Math.min(pause, until - now, deadline - now))
    }
  } finally {
    bell.stop()
  }
}

/** Rings when something has happened to a session. */
class Bell {
  #ring = (): void => undefined
  readonly stop: () => void

  constructor({ config }: RequestScope, id: string) {
    const name = hashSession(id)
    const stop = config.bus?.subscribe((message) => {
      if (message.kind === 'lost' || ('session' in message && message.session === name)) this.#ring()
    })
    this.stop = () => stop?.()
  }

  /** Resolves at the next message from now on. */
  next(): Promise<void> {
    return new Promise((resolve) => (this.#ring = resolve))
  }
}
