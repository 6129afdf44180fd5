import { MemoryStore, type SessionOptions } from 'koa-session-service'
import { Service } from 'typedi'
import { Settings, SettingsError } from './settings'

/** What the shop remembers of a visitor. */
export interface ShopSession {
  /** The name of the user who has signed in. */
  user?: string
  /** How many of each product, by its id. */
  cart?: Record<string, number>
  /** What the courier is told. */
  note?: string
}

/** Sessions in this process's memory. The container builds it, and hands it what it needs. */
@Service()
export class MemorySessions extends MemoryStore {
  constructor(settings: Settings) {
    super({ max: settings.maxSessions })
  }
}

/** Where sessions can rest, by the value of SESSIONS. */
const CHOICES: Record<string, SessionOptions<ShopSession>> = {
  // Needs no server; but whoever has a copy of the cookie can use it until it expires, also after the sign-out.
  cookie: {},
  memory: { store: MemorySessions },
}

/** The options of the shop's sessions, for one value of SESSIONS. */
export function sessionOptions(choice: string): SessionOptions<ShopSession> {
  if (!Object.hasOwn(CHOICES, choice)) {
    throw new SettingsError(`SESSIONS=${choice} is not known. It takes one of: ${Object.keys(CHOICES).join(', ')}.`)
  }
  return { key: 'shop.session', httpOnly: true, sameSite: 'lax', preventCaching: true, ...CHOICES[choice] }
}
