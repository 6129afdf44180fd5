import { clearTimeout, setTimeout } from 'node:timers'

/** Waits so many milliseconds at most; returns undefined where that was not enough. */
export async function within<T>(promise: Promise<T>, atMost: number): Promise<T | undefined> {
  let giveUp = (): void => undefined
  const patience = new Promise<undefined>((resolve) => (giveUp = () => resolve(undefined)))
  const timer = setTimeout(giveUp, Math.max(atMost, 0))
  try {
    return await Promise.race([promise, patience])
  } finally {
    clearTimeout(timer)
  }
}
