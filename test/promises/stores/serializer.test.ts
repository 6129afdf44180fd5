import type Redis from 'ioredis'
import { LayeredStore, MemoryStore, type Serializer, type Store } from 'koa-session-service'
import { createSessionTable, KyselyStore } from 'koa-session-service/kysely'
import { RedisStore } from 'koa-session-service/redis'
import * as structured from '@ungap/structured-clone/json'
import { openSqlite } from '../../support/backends/databases'
import { hasRedis } from '../../support/backends/redis-cluster'
import { describeWith } from '../../support/backends/require-server'
import { useRedis } from '../../support/backends/use-server'
import { createSessionApp } from '../../support/app/session-app'

interface TextOptions {
  serializer?: Serializer
  maxSize?: number
}

const RICH = {
  when: new Date('2026-02-03T04:05:06.789Z'),
  cart: new Map([['tea', { price: 12345678901234567890n }]]),
  tags: new Set(['a', 'b']),
}

/** What every store that keeps texts does with its options; `open` is for use inside a test. */
function describeTexts(name: string, open: (options: TextOptions) => Store): void {
  describe(name, () => {
    it('R19: a richer serializer brings Date, Map, Set and BigInt back as they were', async () => {
      const found: unknown[] = []
      const { visitor, app } = createSessionApp(
        { store: open({ serializer: structured }) },
        {
          '/rich': (ctx) => void Object.assign(ctx.session, RICH),
          '/add': (ctx) => void (ctx.session.tags as Set<string>).add('c'),
          '/look': (ctx) => void found.push({ ...ctx.session }),
        },
      )
      const errors: unknown[] = []
      app.on('error', (error) => errors.push(error))
      const ann = visitor()
      await ann.get('/rich')
      await ann.get('/look')
      await ann.get('/add')
      await ann.get('/look')
      expect(errors).toEqual([])
      expect(found).toEqual([RICH, { ...RICH, tags: new Set(['a', 'b', 'c']) }])
    })

    it.each([
      ['a BigInt', () => 1n],
      ['a cycle', cycle],
    ])('R19: the error without a richer serializer names the key that holds %s', async (_what, value) => {
      const { visitor, app } = createSessionApp(
        { store: open({}) },
        { '/poor': (ctx) => void Object.assign(ctx.session, { fine: 1, views: value() }) },
      )
      const failure = new Promise((resolve) => app.on('error', resolve))
      expect((await visitor().get('/poor')).status).toBe(500)
      expect(await failure).toMatchObject({
        code: 'ERR_SESSION_NOT_SERIALIZABLE',
        message: expect.stringMatching(/^session\.views holds .*"serializer"/),
      })
    })

    it('R38: a record over maxSize is refused with both sizes and the cure, and the one that was there stays', async () => {
      const { visitor, app } = createSessionApp({ store: open({ maxSize: 200 }) })
      const errors: unknown[] = []
      app.on('error', (error) => errors.push(error))
      const ann = visitor()
      await ann.get('/set?user=ann')
      expect((await ann.get(`/set?note=${'x'.repeat(200)}`)).status).toBe(500)
      expect((await ann.get('/')).json()).toEqual({ user: 'ann' })
      expect(errors).toMatchObject([
        {
          code: 'ERR_SESSION_RECORD_TOO_LARGE',
          message: expect.stringMatching(/ \d{3} bytes long, and the store takes 200\. .*"maxSize"/),
        },
      ])
    })
  })
}

function cycle(): object {
  const parent: { child?: object } = {}
  parent.child = { parent }
  return parent
}

describeTexts('MemoryStore', (options) => new MemoryStore(options))
describeTexts('LayeredStore', (options) => new LayeredStore(new MemoryStore(options), { maxStale: 60_000 }))

describe('on SQLite', () => {
  const { db, stop } = openSqlite()
  beforeAll(() => createSessionTable(db))
  afterAll(stop)
  describeTexts('KyselyStore', (options) => new KyselyStore(db, options))
})

describeWith('Redis', hasRedis)('on Redis', () => {
  let client: Redis
  useRedis((ready) => (client = ready))
  describeTexts('RedisStore', (options) => new RedisStore(client, options))
})
