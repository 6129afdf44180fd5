import type { HeldSession, SessionError, SessionService } from 'koa-session-service'
import type { Visitor } from './app'

/** So long that nothing is looked at without being told: the most that the option takes. */
export const NEVER = 400 * 24 * 60 * 60 * 1000

/** The session of a visitor, opened outside a request. */
export async function hold(sessions: SessionService, { jar }: Visitor): Promise<HeldSession> {
  const held = await sessions.open({ headers: { cookie: jar.header } })
  if (!held) throw new Error('There is no session to hold.')
  return held
}

/** Waits until a signal is aborted; returns its reason's message. */
export async function endOf(signal: AbortSignal): Promise<string> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  const { code, message } = signal.reason as SessionError
  expect(code).toBe('ERR_SESSION_ENDED')
  return message
}

/** Waits until what could abort a signal has had its chance: the store was asked more than once meanwhile. */
export async function settle(work: () => Promise<unknown>): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await work()
    await new Promise(setImmediate)
  }
}
