import Redis from 'ioredis'
import { RedisStore } from 'koa-session-service/redis'
import { hasRedis } from '../../support/backends/redis-cluster'
import { describeWith } from '../../support/backends/require-server'
import { useRedis } from '../../support/backends/use-server'

const LONG = 60_000

describeWith('Redis', hasRedis)('RedisStore', () => {
  let client: Redis
  useRedis((ready) => (client = ready))

  /** A client whose connection breaks after each command, before the answer: it sends the command again. */
  const forgetful = {
    call: async (command: string, ...args: string[]) => {
      await client.call(command, ...args)
      return client.call(command, ...args)
    },
  }

  it('R10: a write that the client of Redis sends again counts once, and is no conflict', async () => {
    const store = new RedisStore(forgetful)
    const created = await store.create('again', { views: 1 }, LONG)
    expect(created).toBeDefined()
    const replaced = await store.replace('again', { views: 2 }, LONG, created?.revision)
    expect(replaced.outcome).toBe('written')
    expect(await store.read('again')).toMatchObject({ record: { views: 2 }, revision: expect.anything() })
  })

  it('R33: a record in Redis that is not JSON is none, and its key can be written anew', async () => {
    const store = new RedisStore(client)
    await store.set('torn', { user: 'ann' }, LONG)
    const whole = String(await client.get('session:r:torn'))
    await client.set('session:r:torn', whole.replace('"ann"}', ''))
    expect(await store.get('torn')).toBeUndefined()
    await store.set('torn', { user: 'bob' }, LONG)
    expect(await store.get('torn')).toEqual({ user: 'bob' })
  })

  it("R33: a foreign value under the key in Redis is the store's trouble, and stays", async () => {
    await client.set('session:r:else', 'a text')
    await expect(new RedisStore(client).get('else')).rejects.toThrow('WRONGTYPE')
    expect(await client.get('session:r:else')).toBe('a text')
  })

  it.each([{}, null, undefined, 'redis://127.0.0.1', Redis])(
    'R38: %p is no client for RedisStore, and the error says what is',
    (wrong) => {
      expect(() => new RedisStore(wrong as never)).toThrow(
        expect.objectContaining({
          code: 'ERR_SESSION_OPTIONS',
          message: expect.stringContaining('takes a ready client'),
        }),
      )
    },
  )
})
