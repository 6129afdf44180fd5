import { payload } from './payload'
import type { Scenario } from './scenarios'

/** Asked for by a new visitor, it fills the session. */
export const FILL = '/fill'

/** What every handler does, whatever makes its session: answers the text of the response. */
export type Work = (url: string | undefined, session: () => any) => string

export function workOf({ action, bytes }: Scenario): Work {
  const data = payload(bytes)
  let count = data.count as number
  return function work(url, session) {
    if (url === FILL) {
      // No two visitors have the same cookie.
      Object.assign(session(), data, { count: ++count })
      return 'filled'
    }
    if (action === 'none') return 'alice'
    const found = session()
    if (action === 'write') found.count = ++count
    return found.user
  }
}
