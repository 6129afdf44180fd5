import { randomBytes } from 'node:crypto'

/** What the environment tells the shop. Any class can have it injected. */
export class Settings {
  /** Where sessions rest: one of the choices in sessions.ts. */
  readonly sessions: string
  /** The first key signs cookies, all of them verify. */
  readonly keys: string[]
  /** Whether the keys were made for this start. */
  readonly hasFreshKeys: boolean
  readonly port: number
  /** The file of SESSIONS=sqlite, and of what has ended with SESSIONS=sealed. */
  readonly sqliteFile: string
  /** The server of SESSIONS=redis. */
  readonly redisUrl: string
  /** How many sessions the shop's memory holds. */
  readonly maxSessions = 10_000

  constructor({ SESSIONS, SESSION_KEYS = '', PORT, SQLITE_FILE, REDIS_URL }: NodeJS.ProcessEnv) {
    const keys = SESSION_KEYS.split(',').filter((key) => key !== '')
    this.sessions = SESSIONS || 'memory'
    this.hasFreshKeys = keys.length === 0
    this.keys = this.hasFreshKeys ? [randomBytes(32).toString('base64url')] : keys
    this.port = portFrom(PORT || '3000')
    this.sqliteFile = SQLITE_FILE || 'sessions.db'
    this.redisUrl = REDIS_URL || 'redis://127.0.0.1:6379'
  }
}

/** Something in the environment that the shop cannot open with. */
export class SettingsError extends Error {
  override name = 'SettingsError'
}

function portFrom(text: string): number {
  if (/^\d+$/.test(text) && Number(text) < 65_536) return Number(text)
  throw new SettingsError(`PORT=${text} is not a port. It takes a number from 0 to 65535.`)
}
