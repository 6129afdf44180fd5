import type { SessionError } from 'koa-session-service'

/** What a piece of work throws at once; undefined where it throws nothing. */
export function thrownBy(work: () => unknown): SessionError | undefined {
  try {
    work()
  } catch (error) {
    return error as SessionError
  }
  return undefined
}
