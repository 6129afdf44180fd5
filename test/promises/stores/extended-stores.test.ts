import { LayeredStore, MemoryStore, type SessionRecord, type StoreContext, type Versioned } from 'koa-session-service'
import { createSessionTable, KyselyStore } from 'koa-session-service/kysely'
import { openSqlite } from '../../support/backends/databases'
import { createSessionApp } from '../../support/app/session-app'

/** Keeps the record turned around, as one that encrypts would; `plain` tells what rests. */
class TurnedStore extends MemoryStore {
  override create(key: string, record: SessionRecord, maxAge: number, context?: StoreContext) {
    return super.create(key, turn(record), maxAge, context)
  }
  override replace(key: string, record: SessionRecord, maxAge: number, revision: unknown, context?: StoreContext) {
    return super.replace(key, turn(record), maxAge, revision, context)
  }
  override read(key: string): Versioned | undefined {
    const found = super.read(key)
    return found && { ...found, record: turn(found.record) }
  }
  plain(key: string): SessionRecord | undefined {
    return super.read(key)?.record
  }
}

/** Marks each record in place. */
class MarkedStore extends KyselyStore {
  override async create(key: string, record: SessionRecord, maxAge: number, context?: StoreContext) {
    record.tenant = 'acme'
    return super.create(key, record, maxAge, context)
  }
}

function turn(record: SessionRecord): SessionRecord {
  const turned = (value: unknown): unknown => (typeof value === 'string' ? Array.from(value).reverse().join('') : value)
  return Object.fromEntries(
    Object.entries(record).map(([key, value]) => [key, key.startsWith('_') ? value : turned(value)]),
  )
}

it('R61: a store that extends ours and changes the record on its way is not bypassed', async () => {
  const store = new TurnedStore()
  const { visitor } = createSessionApp({ store, genid: () => 'an-id' })
  const ann = visitor()
  await ann.get('/set?user=ann-smith')
  expect(store.plain('an-id')).toMatchObject({ user: 'htims-nna' })
  expect((await ann.get('/')).json()).toEqual({ user: 'ann-smith' })
  await ann.get('/set?theme=dark')
  expect(store.plain('an-id')).toMatchObject({ user: 'htims-nna', theme: 'krad' })
  expect((await ann.get('/')).json()).toEqual({ user: 'ann-smith', theme: 'dark' })
})

it('R61: a store that extends ours behind a LayeredStore is not bypassed', async () => {
  const store = new TurnedStore()
  const { visitor } = createSessionApp({ store: new LayeredStore(store, { maxStale: 60_000 }), genid: () => 'an-id' })
  const ann = visitor()
  await ann.get('/set?user=ann-smith')
  expect(store.plain('an-id')).toMatchObject({ user: 'htims-nna' })
  for (let times = 0; times < 2; times++) expect((await ann.get('/')).json()).toEqual({ user: 'ann-smith' })
})

it('R61: a store that extends ours and marks the record in place is not bypassed', async () => {
  const { db, stop } = openSqlite()
  await createSessionTable(db)
  const store = new MarkedStore(db)
  const { visitor } = createSessionApp({ store, genid: () => 'an-id' })
  await visitor().get('/set?user=ann')
  expect(await store.get('an-id')).toMatchObject({ user: 'ann', tenant: 'acme' })
  await stop()
})
