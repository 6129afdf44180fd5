import type { BindableSession } from '../contracts/device-binding'
import type { CookieAttributes } from '../contracts/cookie-attributes'
import type { Device } from '../session/device'

/** What is known in one request of the session's binding. */
export interface Exchange {
  /** The attributes that the session's cookie was read with. */
  attributes: CookieAttributes
  /** Until when what was presented opens a session. */
  deadlines: Map<string, number> | undefined
  /** What was opened; then, what was written. */
  session: BindableSession | undefined
  /** Until when what this response hands out is good. */
  deadline: number | undefined
  /** The client holds the second cookie, as far as is known. */
  holdsSecond: boolean
  /** The binding that the browser asks to refresh: then its proof is what opens the session. */
  claimed: string | undefined
  /** How many sessions the refresh may be meant for. */
  candidates: number
  /** What the next write makes of the device. */
  rebind: ((device: Device | undefined) => Device) | undefined
}

export function newExchange(): Exchange {
  return {
    attributes: {},
    deadlines: undefined,
    session: undefined,
    deadline: undefined,
    holdsSecond: false,
    claimed: undefined,
    candidates: 0,
    rebind: undefined,
  }
}
