import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Redis from 'ioredis'
import session, { type BusMessage } from 'koa-session-service'
import { RedisBus } from 'koa-session-service/redis'
import { DeviceKeys } from '../../../src/device/device-keys'
import { readShortToken, writeShortToken } from '../../../src/device/short-token'
import { createApp, CookieJar, Visitor } from '../../support/app/app'
import { startClock, stopClock } from '../../support/clock'
import { contextOf } from '../../support/app/contexts'
import { hasRedis, startRedisNode } from '../../support/backends/redis-cluster'
import { describeWith } from '../../support/backends/require-server'
import type { ServerProcess } from '../../support/backends/server-process'
import { inRedis, KINDS, type AtRest, type Golden } from './sites'

/** What a version has written: `GOLDEN=write npx jest test/world/golden` makes the file of this one, and changes none. */
interface Written {
  /** The Cookie header of a visitor, and what was at rest, by the kind of session. */
  sessions: Record<string, { cookie: string; atRest: AtRest }>
  shortToken: string
  /** The messages of the bus, as they were on its channel. */
  messages: string[]
}

const isWriting = process.env.GOLDEN === 'write'
/** So far ahead that no server forgets what was written: the clocks of servers go on. */
const WRITTEN_AT = Date.parse('2100-01-01T00:00:00.000Z')
const READ_AT = WRITTEN_AT + 60 * 60 * 1000
/** What a session holds, so many times. */
const TEXT = 'ünï "quoted"; x=1 '
const WORDS = 50
const REDIS = 'fields of Redis'
const SHORT = { token: '9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d~secret', deadline: WRITTEN_AT }
const MESSAGES: BusMessage[] = [
  { kind: 'written', session: 'a name', generation: 1 },
  { kind: 'rotated', session: 'a name', generation: 2 },
  { kind: 'ended', session: 'a name' },
  { kind: 'revoked', owner: 'an account' },
]

const files = readdirSync(__dirname).filter((name) => name.endsWith('.json'))
const versions = isWriting ? [] : files.map((name) => [name.replace('.json', ''), read(name)] as const)
const written: Written = { sessions: {}, shortToken: '', messages: [] }

function read(name: string): Written {
  return JSON.parse(readFileSync(join(__dirname, name), 'utf8')) as Written
}

function visitorOf({ options, words = WORDS }: Golden, cookie = ''): Visitor & { signedIn: () => Promise<number> } {
  const app = createApp()
  const middleware = session(options, app)
  app.use(middleware)
  app.use(async (ctx) => {
    if (ctx.path === '/in') Object.assign(ctx.session, { user: 'ann', text: TEXT.repeat(words) })
    const found = await middleware.sessions.update((data: any) => void (data.views = (data.views ?? 0) + 1), ctx)
    const { user, text = '', views } = found as unknown as { user?: string; text?: string; views: number }
    ctx.body = `${views} views of ${user}, ${text.length} letters`
  })
  const jar = new CookieJar()
  jar.accept(cookie === '' ? [] : cookie.split('; '))
  const signedIn = async (): Promise<number> => (await middleware.sessions.list({ owner: 'ann' })).length
  return Object.assign(new Visitor(app, jar), { signedIn })
}

async function write(name: string, golden: Golden): Promise<void> {
  const visitor = visitorOf(golden)
  await visitor.get('/in')
  expect((await visitor.get()).body).toContain('2 views of ann')
  written.sessions[name] = { cookie: visitor.jar.header, atRest: await golden.dump() }
}

async function readBack(name: string, golden: Golden, { sessions }: Written): Promise<void> {
  const { cookie, atRest } = sessions[name]
  await golden.restore(atRest)
  const visitor = visitorOf(golden, cookie)
  const letters = `${(golden.words ?? WORDS) * TEXT.length} letters`
  // By the owner's name as it was written: what goes on is written anew.
  if (golden.options.owner) expect(await visitor.signedIn()).toBe(1)
  expect((await visitor.get()).body).toBe(`3 views of ann, ${letters}`)
  expect((await visitor.get()).body).toBe(`4 views of ann, ${letters}`)
}

beforeEach(() => void stopClock(isWriting ? WRITTEN_AT : READ_AT))
afterEach(startClock)

for (const [version, golden] of versions) {
  test.each(Object.keys(KINDS))(`R106: %s that version ${version} wrote is read, and goes on`, async (name) => {
    const kind = await KINDS[name]()
    await readBack(name, kind, golden)
    await kind.stop?.()
  })

  test(`R106: a short token of a device that version ${version} wrote is read`, () => {
    expect(readShortToken(keys(), contextOf(''), golden.shortToken)).toEqual(SHORT)
  })
}

if (isWriting) {
  test.each(Object.keys(KINDS))('a file of this version is written: %s', async (name) => {
    const kind = await KINDS[name]()
    await write(name, kind)
    await kind.stop?.()
  })

  afterAll(() => {
    const { version } = JSON.parse(readFileSync(join(__dirname, '../../../package.json'), 'utf8')) as {
      version: string
    }
    const path = join(__dirname, `${version}.json`)
    if (written.messages.length === 0) throw new Error('This takes a Redis: a file without its part would be no use')
    if (existsSync(path)) throw new Error(`${path} is what that version wrote: it stays as it is`)
    written.shortToken = writeShortToken(keys(), contextOf(''), SHORT)
    writeFileSync(path, `${JSON.stringify(written, null, 2)}\n`)
  })
}

function keys(): DeviceKeys {
  return new DeviceKeys('sess', ['a secret that is at least thirty-two bytes long'])
}

describeWith('Redis', hasRedis)('with Redis', () => {
  let server: ServerProcess
  let redis: Redis

  beforeAll(async () => {
    server = await startRedisNode()
    redis = new Redis(server.port)
  })
  beforeEach(() => redis.flushall())
  afterAll(async () => {
    redis.disconnect()
    await server.stop()
  })

  for (const [version, golden] of versions) {
    test(`R106: what version ${version} wrote into Redis is read, and goes on`, async () => {
      await readBack(REDIS, inRedis(redis), golden)
    })

    test(`R106: the messages of version ${version} on the bus are understood`, async () => {
      expect(await heardOf(golden.messages)).toEqual(MESSAGES)
    })
  }

  async function heardOf(texts: string[]): Promise<BusMessage[]> {
    const bus = new RedisBus(redis)
    const heard: BusMessage[] = []
    let send = (): void => texts.forEach((text) => void redis.publish('session:bus', text))
    await new Promise<void>((resolve) => {
      bus.subscribe((message) => {
        // It says `lost` when it has begun to listen, more than once.
        if (message.kind === 'lost') {
          send()
          send = () => undefined
        } else if (heard.push(message) === texts.length) resolve()
      })
    })
    await bus.close()
    return heard
  }

  /** What the channel carries when these are published. */
  async function textsOf(messages: BusMessage[]): Promise<string[]> {
    const texts: string[] = []
    const listener = redis.duplicate()
    await listener.subscribe('session:bus')
    const all = new Promise<void>((resolve) => {
      listener.on('message', (_channel, text) => {
        if (texts.push(text) === messages.length) resolve()
      })
    })
    const bus = new RedisBus(redis)
    for (const message of messages) await bus.publish(message)
    await all
    listener.disconnect()
    await bus.close()
    return texts
  }

  if (isWriting) {
    test('a file of this version is written: what is in Redis, and on its channel', async () => {
      await write(REDIS, inRedis(redis))
      written.messages = (await textsOf(MESSAGES)).map((text) =>
        JSON.stringify({ ...JSON.parse(text), from: 'another process' }),
      )
    })
  }
})
