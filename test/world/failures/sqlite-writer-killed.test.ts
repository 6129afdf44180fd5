import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { KyselyStore } from 'koa-session-service/kysely'
import { CookieJar, Visitor } from '../../support/app/app'
import { openSqlite } from '../../support/backends/databases'
import { createCountingApp } from './counting-app'

const folder = mkdtempSync(join(tmpdir(), 'sessions-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** How many counts a writer acknowledges before it is killed. */
const ENOUGH = 300

/** Lets a writer run on the file and kills it; answers the last count that was acknowledged, by its cookies. */
async function killWriter(file: string): Promise<Map<string, number>> {
  const writer = spawn(
    process.execPath,
    ['-r', 'ts-node/register/transpile-only', join(__dirname, 'sqlite-writer.ts'), file],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let complaints = ''
  writer.stderr.on('data', (text) => (complaints += text))
  const ended = once(writer, 'exit')
  const acknowledged = new Map<string, number>()
  let lines = 0
  for await (const line of createInterface(writer.stdout)) {
    const { cookies, count } = JSON.parse(line) as { cookies: object; count: number }
    acknowledged.set(JSON.stringify(cookies), count)
    if (++lines === ENOUGH) writer.kill('SIGKILL')
  }
  const [, signal] = (await ended) as [unknown, string]
  if (signal !== 'SIGKILL') throw new Error(complaints)
  return acknowledged
}

test('R45: a process killed while it writes to SQLite leaves every acknowledged session in the file', async () => {
  const file = join(folder, 'sessions.db')
  const acknowledged = [...(await killWriter(file)), ...(await killWriter(file))]
  expect(acknowledged.length).toBeGreaterThan(100)
  const { db, stop } = openSqlite(file)
  const app = createCountingApp(new KyselyStore(db))
  const lost: object[] = []
  for (const [cookies, expected] of acknowledged) {
    const jar = new CookieJar()
    for (const [name, value] of JSON.parse(cookies) as [string, string][]) jar.values.set(name, value)
    const { count } = (await new Visitor(app, jar).get()).json<{ count: number }>()
    // The one request that each visitor had under way may have counted too.
    if (count !== expected && count !== expected + 1) lost.push({ count, expected })
  }
  await stop()
  expect(lost).toEqual([])
})
