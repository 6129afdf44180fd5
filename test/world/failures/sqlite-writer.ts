import { createSessionTable, KyselyStore } from '../../../src/kysely'
import { Visitor } from '../../support/app/app'
import { openSqlite } from '../../support/backends/databases'
import { createCountingApp } from './counting-app'

const VISITORS = 5
const PER_SESSION = 5

/** Counts in sessions on an SQLite file until it is killed, and prints every count that was acknowledged. */
async function main(file: string): Promise<void> {
  const { db, sqlite } = openSqlite(file)
  await createSessionTable(db)
  const app = createCountingApp(new KyselyStore(db, { sqlite }))
  await Promise.all(
    Array.from({ length: VISITORS }, async () => {
      for (;;) await visit(new Visitor(app))
    }),
  )
}

async function visit(visitor: Visitor): Promise<void> {
  for (let request = 0; request < PER_SESSION; request++) {
    const { count } = (await visitor.get('/count')).json<{ count: number }>()
    process.stdout.write(`${JSON.stringify({ cookies: Array.from(visitor.jar.values), count })}\n`)
  }
}

void main(process.argv[2])
