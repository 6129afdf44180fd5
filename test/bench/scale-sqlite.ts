import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kysely, SqliteDialect } from 'kysely'
import Database from 'libsql'
import type { Place } from './scale-places'
import { openOurs } from './scale-sql'

/** As an application would set them that has the memory: no write waits for the disk, and the process keeps all pages. */
const SETTINGS = 'pragma journal_mode = wal; pragma synchronous = normal; pragma cache_size = -8388608'
/** A load is made anew where it fails. */
const LOADING = 'pragma journal_mode = off; pragma synchronous = off'

/** Each population in a file of its own. */
export async function openSqliteFiles(): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'scale-'))
  const opened: { close: () => unknown }[] = []
  return {
    isLocal: true,
    async ours(name) {
      const database = new Database(join(folder, `${name}.db`), { timeout: 5000 })
      opened.push(database)
      database.exec(SETTINGS)
      const db = new Kysely<any>({ dialect: new SqliteDialect({ database }) })
      const load = async (table: string, columns: readonly string[], rows: Iterable<unknown[]>): Promise<void> => {
        database.exec(LOADING)
        const values = columns.map(() => '?').join()
        const insert = database.prepare(`insert into ${table} (${columns.join()}) values (${values})`)
        database.exec('begin')
        for (const row of rows) insert.run(...row)
        database.exec('commit')
        database.exec(SETTINGS)
      }
      const valueOf = (pragma: string): number => Number(Object.values(database.prepare(pragma).get() as object)[0])
      /** Reads each page once: otherwise the time of the larger table is that of its copies from the system's memory. */
      const settle = (): void => {
        for (const column of ['record', 'id', 'owner', 'forget_at'])
          valueOf(`select sum(length(${column})) from ${name}`)
      }
      const bytes = async () => (settle(), { disk: valueOf('pragma page_count') * valueOf('pragma page_size') })
      return openOurs({ db, name, load, bytes, sqlite: database })
    },
    stop: async () => {
      for (const database of opened) database.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
