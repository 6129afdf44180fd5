import { setTimeout } from 'node:timers/promises'
import { SessionError } from './errors'

/**
 * How often a write is tried while other requests change the record, or while new ids turn out to be taken. With the pauses
 * that is two to three seconds: a process with a long queue on the same session writes without a pause, and whoever is in
 * its way has to last until that queue is empty.
 */
const MAX_ATTEMPTS = 150
/** The longest pause between two attempts, in milliseconds. */
const MAX_PAUSE = 32

/** Tries again what was tried once, until there is a result; between two attempts others get the chance to be done. */
export async function retry<T>(work: () => Promise<T | undefined>): Promise<T> {
  for (let attempt = 1; attempt < MAX_ATTEMPTS; attempt++) {
    const result = await work()
    if (result !== undefined) return result
    await setTimeout(Math.random() * Math.min(2 ** attempt, MAX_PAUSE))
  }
  throw gaveUp(MAX_ATTEMPTS)
}

/** The error of a write that was tried often enough. */
export function gaveUp(attempts: number): SessionError {
  return new SessionError(
    'ERR_SESSION_CONFLICT',
    `The session could not be written: in ${attempts} attempts, other requests were faster each time or each new id ` +
      'was taken. Nothing was written; the request can be made again.',
    { status: 503 },
  )
}
