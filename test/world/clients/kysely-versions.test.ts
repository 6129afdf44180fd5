import { execFileSync } from 'node:child_process'
import { Consumer } from '../package/consumer'
import { ENVIRONMENT, PackedProject } from '../package/packed'

jest.setTimeout(120_000)

const packed = new PackedProject()
const packages = ['koa', 'libsql', '@electric-sql/pglite', ...Object.keys(packed.manifest.dependencies)]
const names = { ...Object.fromEntries(packages.map((name) => [name, name])), kysely: 'kysely029' }
const consumer = new Consumer('kysely-versions', 'module', packed, names)

/** One test of what the store can do, and those of the contract and of each capability. */
const TESTS = 75

/** The dialects, and how each is made. PGlite is PostgreSQL itself, compiled for where there is no server. */
const DIALECTS = {
  PGlite: 'new PGliteDialect({ pglite: new PGlite() })',
  SQLite: "new SqliteDialect({ database: new Database(':memory:') })",
}

test.each(Object.entries(DIALECTS))(
  'R7: KyselyStore passes the conformance suite on %s with Kysely 0.29',
  (name, dialect) => {
    const file = `${name}.spec.mjs`
    consumer.write(
      file,
      `import { PGlite } from '@electric-sql/pglite'
        import { Kysely, PGliteDialect, SqliteDialect } from 'kysely'
        import { createSessionTable, KyselyStore } from 'koa-session-service/kysely'
        import { describeSessionStore } from 'koa-session-service/testing'
        import Database from 'libsql'
        const db = new Kysely({ dialect: ${dialect} })
        await createSessionTable(db)
        const options = { capabilities: ['conditional', 'touch', 'owner', 'ends'] }
        describeSessionStore('KyselyStore', () => ({ store: new KyselyStore(db) }), options)`,
    )
    const parameters = ['--test', '--test-reporter=tap', file]
    const output = execFileSync(process.execPath, parameters, { cwd: consumer.folder, env: ENVIRONMENT, stdio: 'pipe' })
    expect(/# pass (\d+)\n# fail 0/.exec(output.toString())?.[1]).toBe(String(TESTS))
  },
)
