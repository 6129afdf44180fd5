import type { KeyedLock } from '../../base/keyed-lock'
import { retry } from '../../base/retry'
import type { Turn } from '../scope/turn'

/** Who makes changes, and where they wait for each other. */
interface Updating {
  readonly turn: Turn
  readonly keyedLock: KeyedLock
  /** What the changes of one request or holder have in common: they are made again one by one. */
  readonly holder: object
}

/**
 * Makes a change until nothing has moved what it was made of. After the first attempt, the requests of this process go one by
 * one, and so do the changes of one request.
 *
 * @param attempt returns undefined where the change is to be made again
 * @param keyOf what the requests' turn is on
 */
export async function updateUntilWritten(
  attempt: () => Promise<true | undefined>,
  keyOf: () => string | undefined,
  { turn, keyedLock, holder }: Updating,
): Promise<void> {
  if (await attempt()) return
  const again = (): Promise<true> => keyedLock.hold(holder, () => retry(attempt))
  const key = keyOf()
  await (key === undefined ? again() : turn.hold(key, again))
}
