import { setTimeout } from 'node:timers/promises'
import type { Kysely, KyselyPlugin } from 'kysely'
import { createSessionTable, KyselyStore } from 'koa-session-service/kysely'
import { openSqlite } from '../../support/backends/databases'

const LONG = 60_000

describe('KyselyStore', () => {
  let db: Kysely<any>
  let store: KyselyStore
  let close: () => Promise<void>

  beforeEach(async () => {
    const database = openSqlite()
    db = database.db
    close = database.stop
    await createSessionTable(db)
    store = new KyselyStore(db)
  })
  afterEach(async () => close())

  const countRows = async (): Promise<number> => (await db.selectFrom('sessions').select('id').execute()).length

  it('R33: a row of KyselyStore that is not JSON is no record, and its key can be written anew', async () => {
    await store.set('torn', { user: 'ann' }, LONG)
    await db.updateTable('sessions').set({ record: '{"user":' }).execute()
    expect(await store.get('torn')).toBeUndefined()
    await store.set('torn', { user: 'bob' }, LONG)
    expect(await store.get('torn')).toEqual({ user: 'bob' })
  })

  it.each([{}, null, undefined, 'sessions.db'])('R38: %p is no database, and the error says what is', async (wrong) => {
    const complaint = { code: 'ERR_SESSION_OPTIONS', message: expect.stringContaining('takes a Kysely instance') }
    expect(() => new KyselyStore(wrong as never)).toThrow(expect.objectContaining(complaint))
    await expect(createSessionTable(wrong as never)).rejects.toMatchObject(complaint)
  })

  it.each([
    ['a code of another process', { code: '42P07' }, 40],
    ['a message of another process', { message: 'database is locked' }, 40],
    ['any other failure', { code: '42601' }, 1],
  ])(
    'R62: a table is made again where another process is at it, and not for ever: %s',
    async (_what, failure, most) => {
      const pausing = jest.spyOn(Math, 'random').mockReturnValue(0)
      let count = 0
      const failing: KyselyPlugin = {
        transformQuery: ({ node }) => {
          if (node.kind === 'SelectQueryNode') return node
          count++
          throw Object.assign(new Error('no'), failure)
        },
        transformResult: async ({ result }) => result,
      }
      await expect(createSessionTable(db.withPlugin(failing))).rejects.toMatchObject(failure)
      expect(count).toBe(most)
      pausing.mockRestore()
    },
  )

  it.each(['', 'my-sessions', 'a"; drop table users', '1st', 'x'.repeat(52), 5])(
    'R38: %p is no name of a table, and the error says what is',
    async (table) => {
      const options = { table: table as string }
      const complaint = { code: 'ERR_SESSION_OPTIONS', message: expect.stringContaining('letters, digits and "_"') }
      expect(() => new KyselyStore(db, options)).toThrow(expect.objectContaining(complaint))
      await expect(createSessionTable(db, options)).rejects.toMatchObject(complaint)
    },
  )

  describe('without its table', () => {
    const CALLS: [string, (store: KyselyStore) => Promise<unknown>][] = [
      ['get', (missing) => missing.get('a')],
      ['set', (missing) => missing.set('a', {}, LONG)],
      ['create', (missing) => missing.create('a', {}, LONG)],
      ['replace', (missing) => missing.replace('a', {}, LONG, 'revision')],
      ['touch', (missing) => missing.touch('a', 1, LONG)],
      ['destroy', (missing) => missing.destroy('a')],
      ['listByOwner', (missing) => missing.listByOwner('ann')],
      ['destroyByOwner', (missing) => missing.destroyByOwner('ann')],
      ['deleteExpired', (missing) => missing.deleteExpired()],
    ]

    it.each(CALLS)(
      'R44: %s fails without the table of KyselyStore, with an error that says how to make it',
      async (_method, call) => {
        await expect(call(new KyselyStore(db, { table: 'visits' }))).rejects.toMatchObject({
          code: 'ERR_SESSION_TABLE_MISSING',
          status: 503,
          message: expect.stringMatching(/"visits".*createSessionTable\(db, { table: 'visits' }\)/),
          cause: expect.anything(),
        })
      },
    )
  })

  it('R44: the error about a table with the default name names no options', async () => {
    await db.schema.dropTable('sessions').execute()
    await expect(store.get('a')).rejects.toThrow('Call "await createSessionTable(db)" once')
  })

  describe('cleaning up', () => {
    const plantExpired = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index++) await store.set(`old${index}`, {}, 1)
      await setTimeout(5)
    }

    it('R62: cleaning up deletes what has expired, in batches, and nothing else', async () => {
      await store.set('young', { user: 'ann' }, LONG)
      await plantExpired(7)
      expect(await countRows()).toBe(8)
      expect(await store.deleteExpired({ batch: 3 })).toBe(7)
      expect(await countRows()).toBe(1)
      expect(await store.get('young')).toEqual({ user: 'ann' })
    })

    it('R62: cleaning up goes on until it is stopped, and no longer', async () => {
      const cleanup = store.startCleanup({ every: 5 })
      for (let round = 0; round < 2; round++) {
        await plantExpired(3)
        while ((await countRows()) > 0) await setTimeout(5)
      }
      cleanup.stop()
      await plantExpired(3)
      await setTimeout(30)
      expect(await countRows()).toBe(3)
    })

    it('R62: cleaning up does not begin anew while it is still at work', async () => {
      let finish = () => {}
      const working = new Promise<number>((resolve) => (finish = () => resolve(0)))
      const deleteExpired = jest.spyOn(store, 'deleteExpired').mockReturnValue(working)
      const cleanup = store.startCleanup({ every: 2, batch: 50 })
      await setTimeout(20)
      expect(deleteExpired.mock.calls).toEqual([[{ batch: 50 }]])
      finish()
      while (deleteExpired.mock.calls.length < 2) await setTimeout(2)
      cleanup.stop()
    })

    it('R62: cleaning up tells of its errors, and goes on', async () => {
      const errors: unknown[] = []
      const cleanup = new KyselyStore(db, { table: 'visits' }).startCleanup({
        every: 2,
        onError: (error) => errors.push(error),
      })
      while (errors.length < 2) await setTimeout(2)
      cleanup.stop()
      expect(errors[0]).toMatchObject({ code: 'ERR_SESSION_TABLE_MISSING' })
    })

    it('R62: cleaning up keeps no process alive', () => {
      const setInterval = jest.spyOn(globalThis, 'setInterval')
      const cleanup = store.startCleanup({ every: LONG })
      expect((setInterval.mock.results[0]?.value as NodeJS.Timeout).hasRef()).toBe(false)
      cleanup.stop()
      setInterval.mockRestore()
    })
  })
})
