import { setImmediate, setTimeout } from 'node:timers/promises'
import { inspect } from 'node:util'
import { monotonic } from '../../base/monotonic'

/** How many rows are deleted at a time. */
export const BATCH = 500
/** How many times as long as a batch took a clean-up rests while there are requests. */
const REST = 8

/** A clean-up that runs by itself until it is stopped. */
export interface SessionCleanup {
  stop(): void
}

/** The options of {@link KyselyStore.startCleanup}. */
export interface CleanupOptions {
  /** How often it begins, in milliseconds. */
  every: number
  /** How many rows are deleted at a time. */
  batch?: number
  /** Is told what went wrong; without it, there is a warning. */
  onError?: (error: unknown) => void
}

/** Calls `clean` again and again, never twice at the same time, and keeps no process alive. */
export function startCleanup(
  clean: (options: { batch?: number }) => Promise<unknown>,
  { every, batch, onError = (error) => process.emitWarning(inspect(error)) }: CleanupOptions,
): SessionCleanup {
  let running = false
  const timer = setInterval(() => {
    if (running) return
    running = true
    clean({ batch })
      .catch(onError)
      .finally(() => (running = false))
  }, every)
  timer.unref()
  return { stop: () => clearInterval(timer) }
}

/**
 * Deletes until there is less than a batch; returns how much it was. Others have a turn in between, and where they sent a
 * statement during the batch, the clean-up rests.
 */
export async function deleteInBatches(
  deleteOnce: () => Promise<number>,
  { batch, countStatements }: { batch: number; countStatements: () => number },
): Promise<number> {
  let total = 0
  for (;;) {
    const [count, start] = [countStatements(), monotonic()]
    const deleted = await deleteOnce()
    total += deleted
    if (deleted < batch) return total
    const took = monotonic() - start
    await setImmediate()
    if (countStatements() > count + 1) await setTimeout(REST * took, undefined, { ref: false })
  }
}
