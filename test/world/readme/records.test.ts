import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { MemoryStore, SessionService, type SessionOptions, type Store } from 'koa-session-service'
import { createSessionTable, KyselyStore } from 'koa-session-service/kysely'
import { RedisStore } from 'koa-session-service/redis'
import { createApp, Visitor } from '../../support/app/app'
import { connectPostgres, hasPostgres, startPostgres } from '../../support/backends/databases'
import { hasRedis, startRedisNode } from '../../support/backends/redis-cluster'
import { describeWith } from '../../support/backends/require-server'
import { findProgram } from '../../support/backends/server-process'
import { codeBlocks, readText } from './markdown'

interface Visit {
  user?: string
}

const blocks = codeBlocks(readText('docs/records.md'))
const PYTHON = findProgram('python3')

/** Somebody who has signed in, with the options of the page. */
async function signIn(store: Store, options: SessionOptions<Visit> = { owner: ({ user }) => user }) {
  const app = createApp()
  const sessions = new SessionService<Visit>(app, { store, ...options })
  app.use(sessions.middleware())
  app.use(async (ctx) => {
    await sessions.update((data) => (data.user = 'ada'), ctx)
    ctx.body = sessions.id(ctx)
  })
  const visitor = new Visitor(app)
  return { id: (await visitor.get()).body, cookies: Object.fromEntries(visitor.jar.values), keys: app.keys as string[] }
}

/** Runs the shell's lines of a section, and returns what each block prints. */
function runShell(section: string, environment: Record<string, string>, change = (code: string) => code): string[] {
  const found = blocks.filter(({ title, language }) => title.startsWith(section) && language === 'sh')
  return found.map(({ code }) => {
    const env = { PATH: process.env.PATH, ...environment }
    return execFileSync('sh', ['-ec', change(code)], { encoding: 'utf8', env })
  })
}

describeWith('redis-server', hasRedis)('docs/records.md, in redis-cli', () => {
  test('the lines of docs/records.md for redis-cli find a session, those of an account, and their count', async () => {
    const server = await startRedisNode()
    const redis = new Redis(server.port, '127.0.0.1')
    try {
      const { id } = await signIn(new RedisStore(redis))
      const [session, all, ended] = runShell('In redis-cli', { ID: id, ACCOUNT: 'ada' }, (code) =>
        code.replaceAll('redis-cli', `redis-cli -p ${server.port}`),
      )
      expect(session).toMatch(/"user":"ada".*"_expire":\d+.*"_secret":"[\w-]{43}"/)
      expect(all.split('\n').map((line) => line.trim())).toEqual([id, '1', ''])
      expect(ended).toBe('1\n')
    } finally {
      redis.disconnect()
      await server.stop()
    }
  }, 60_000)
})

describeWith('PostgreSQL', hasPostgres && findProgram('psql') !== undefined)('docs/records.md, in psql', () => {
  test('the lines of docs/records.md for psql find a session, those of an account, and their count', async () => {
    const server = await startPostgres()
    const { db, stop } = connectPostgres(server)
    try {
      await createSessionTable(db)
      const options = { owner: ({ user }: Visit) => user, device: () => ({ ip: '127.0.0.1' }) }
      const { id } = await signIn(new KyselyStore(db), options)
      const DATABASE_URL = `postgresql://postgres@127.0.0.1:${server.port}/postgres`
      const [printed] = runShell('In psql', { ID: id, ACCOUNT: 'ada', DATABASE_URL })
      expect(printed.match(new RegExp(id, 'g'))).toHaveLength(2)
      expect(printed).toContain('"user":"ada"')
      expect(printed).toContain('{"ip":"127.0.0.1"}')
      expect(printed).toMatch(/sessions \| accounts[^]*1 \| +1/)
    } finally {
      await stop()
      await server.stop()
    }
  }, 60_000)
})

describeWith('python3', PYTHON !== undefined)('docs/records.md, from another language', () => {
  const folder = mkdtempSync(join(tmpdir(), 'koa-session-service-python-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** What the page's program says of these cookies. */
  function readByPython(cookies: Record<string, string>, keys: string[], records: Record<string, string>): unknown {
    const { code } = blocks.filter(({ language }) => language === 'python')[0]
    const call = `
import sys
cookies, keys, records = json.loads(sys.argv[1])
token = token_in(cookies, "koa.sess", keys)
found = token and session_of(token, lambda id: (records[id], None) if id in records else None)
print(json.dumps(found))`
    writeFileSync(join(folder, 'read_session.py'), code + call)
    const input = JSON.stringify([cookies, keys, records])
    const text = execFileSync(PYTHON as string, [join(folder, 'read_session.py'), input], { encoding: 'utf8' })
    return JSON.parse(text)
  }

  test.each([
    ['by its id', {}],
    ['by its token', { owner: ({ user }: Visit) => user }],
  ])('the Python program of docs/records.md reads a session that opens %s, and no forged one', async (_, options) => {
    const store = new MemoryStore()
    const { id, cookies, keys } = await signIn(store, options)
    const record = { ...store.read(id)?.record }
    const records = { [id]: JSON.stringify(record) }
    expect(readByPython(cookies, keys, records)).toEqual({ user: 'ada' })
    expect(readByPython(cookies, ['another key'], records)).toBeNull()
    expect(readByPython(cookies, keys, {})).toBeNull()
    expect(readByPython(cookies, keys, { [id]: JSON.stringify({ ...record, _secret: 'other' }) })).toBeNull()
    expect(readByPython(cookies, keys, { [id]: JSON.stringify({ ...record, _expire: 1 }) })).toBeNull()
  })
})
