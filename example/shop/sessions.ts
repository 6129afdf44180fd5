import 'reflect-metadata'
import { Redis } from 'ioredis'
import { Kysely, SqliteDialect } from 'kysely'
import type { Context } from 'koa'
import { MemoryStore, sealed, type DeviceInfo, type SessionOptions } from 'koa-session-service'
import { createSessionTable, KyselyStore } from 'koa-session-service/kysely'
import { RedisBus, RedisStore } from 'koa-session-service/redis'
import Database from 'libsql'
import { Container, Service } from 'typedi'
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

/** The file that sessions outlive the process in. */
@Service()
export class SessionDatabase {
  readonly db: Kysely<unknown>

  constructor(settings: Settings) {
    // The package has better-sqlite3's interface, and types of its own.
    const database = new Database(settings.sqliteFile) as never
    this.db = new Kysely({ dialect: new SqliteDialect({ database }) })
  }
}

/** Sessions in a file of SQLite. */
@Service()
export class SqliteSessions extends KyselyStore {
  constructor(database: SessionDatabase) {
    super(database.db)
  }
}

/** The server that several machines can share. */
@Service()
export class SessionServer {
  readonly redis: Redis

  constructor(settings: Settings) {
    this.redis = new Redis(settings.redisUrl)
  }
}

/** Sessions in Redis. */
@Service()
export class RedisSessions extends RedisStore {
  constructor(server: SessionServer) {
    super(server.redis)
  }
}

/** Tells the other processes what happens to sessions in this one: their pages are told at once, too. */
@Service()
export class SessionBus extends RedisBus {
  constructor(server: SessionServer) {
    super(server.redis)
  }
}

/** Where sessions can rest, by the value of SESSIONS. */
const CHOICES: Record<string, SessionOptions<ShopSession>> = {
  // Needs no server; but anybody who has a copy of the cookie can use it until it expires, also after the sign-out.
  cookie: {},
  // A copy of this cookie opens nothing after the sign-out: a file of SQLite notes what has ended, and nothing else.
  sealed: {},
  memory: { store: MemorySessions },
  sqlite: { store: SqliteSessions },
  redis: { store: RedisSessions },
}

/** Makes what a place for sessions needs before the first request. */
export async function prepareSessions(choice: string): Promise<void> {
  if (choice === 'sqlite' || choice === 'sealed') await createSessionTable(Container.get(SessionDatabase).db)
}

/** Lets go of what keeps the process alive. */
export function closeSessions(choice: string): void {
  if (choice !== 'redis') return
  void Container.get(SessionBus).close()
  Container.get(SessionServer).redis.disconnect()
}

/** Whether anybody knows which sessions there are. */
export function areListed(choice: string): boolean {
  return CHOICES[choice].store !== undefined
}

/** The options of the shop's sessions, for one value of SESSIONS. */
export function sessionOptions(choice: string): SessionOptions<ShopSession> {
  if (!Object.hasOwn(CHOICES, choice)) {
    throw new SettingsError(`SESSIONS=${choice} is not known. It takes one of: ${Object.keys(CHOICES).join(', ')}.`)
  }
  if (choice === 'cookie') return COMMON
  if (choice === 'sealed') {
    const { keys } = Container.get(Settings)
    return { ...COMMON, codec: sealed({ keys }), ends: { store: Container.get(SqliteSessions) } }
  }
  const options = { ...COMMON, device: deviceOf, ...CHOICES[choice] }
  return choice === 'redis' ? { ...options, bus: Container.get(SessionBus) } : options
}

const COMMON: SessionOptions<ShopSession> = {
  key: 'shop.session',
  httpOnly: true,
  // Over HTTPS, the cookie never goes over a plain connection; without, the shop works all the same.
  secure: 'auto',
  sameSite: 'lax',
  // Forms and websockets of other sites are refused: pages need no token for that.
  crossSite: 'refuse',
  preventCaching: true,
  owner: userOf,
}

function userOf({ user }: ShopSession): string | undefined {
  return user
}

/** What the list of sessions shows of a device: the header is the client's, and may be long. */
function deviceOf(ctx: Context): DeviceInfo {
  return { ip: ctx.ip, userAgent: ctx.get('user-agent').slice(0, 120) }
}
