import type Redis from 'ioredis'
import { RedisStore } from 'koa-session-service/redis'
import { newOwner, OwnedApp } from '../../support/owners/owned-app'
import { hasRedis } from '../../support/backends/redis-cluster'
import { describeWith } from '../../support/backends/require-server'
import { useRedis } from '../../support/backends/use-server'
import { RoundTrips } from '../../support/spies/round-trips'

const MOST = 10

describeWith('Redis', hasRedis)('the sessions of an owner, in Redis', () => {
  let client: Redis
  useRedis((ready) => (client = ready))

  it('R66: the sessions of an owner in Redis are listed and ended in a few round trips, however many there are', async () => {
    const counts = await Promise.all(
      [1, 300].map(async (many) => {
        const trips = new RoundTrips(client)
        const site = new OwnedApp({ store: new RedisStore(trips) })
        const [alice, before] = [newOwner(), newOwner('before')]
        // What a script costs the first time does not count.
        await site.signedIn(before)
        await site.services[0].list({ owner: before })
        await site.services[0].revokeAll({ owner: before })
        await Promise.all(Array.from({ length: many }, () => site.signedIn(alice)))
        trips.count = 0
        expect(await site.services[0].list({ owner: alice })).toHaveLength(many)
        const listing = trips.count
        expect(await site.services[0].revokeAll({ owner: alice })).toBe(many)
        return [listing, trips.count - listing]
      }),
    )
    expect(counts[1]).toEqual(counts[0])
    for (const count of counts.flat()) expect(count).toBeLessThanOrEqual(MOST)
  })
})
