import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createSessionTable } from 'koa-session-service/kysely'
import { connectPostgres, hasPostgres, startPostgres } from '../../support/backends/databases'
import { hasRedis, startRedisNode } from '../../support/backends/redis-cluster'
import { describeWith } from '../../support/backends/require-server'
import type { ServerProcess } from '../../support/backends/server-process'

/** A provider whose refresh tokens are good once. It lists who has asked. */
interface Provider {
  readonly url: string
  /** Of each call, when it came; and whether its token was good. */
  readonly calls: { isGood: boolean }[]
  /** The next call is not answered, and this resolves when it has come. */
  holdNext(): Promise<void>
  begin(): void
  close(): void
}

interface Process {
  readonly child: ChildProcess
  readonly url: string
}

const REQUESTS = 20
const PROCESSES = 3

jest.setTimeout(120_000)

async function startProvider(): Promise<Provider> {
  const calls: { isGood: boolean }[] = []
  let current = 0
  let hold: (() => void) | undefined
  const server: Server = createServer((request, response) => {
    const token = Number(new URL(request.url ?? '', 'http://provider').searchParams.get('token'))
    if (hold) {
      calls.push({ isGood: true })
      hold()
      hold = undefined
      return
    }
    const isGood = token === current
    calls.push({ isGood })
    if (isGood) current++
    setTimeout(() => response.writeHead(isGood ? 200 : 400).end(isGood ? String(current) : 'invalid_grant'), 100)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    holdNext: () => new Promise<void>((resolve) => (hold = resolve)),
    begin: () => {
      calls.length = 0
      current = 0
    },
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function startProcess(kind: string, store: ServerProcess, provider: Provider): Promise<Process> {
  const args = [
    '-r',
    'ts-node/register/transpile-only',
    join(__dirname, 'once-server.ts'),
    kind,
    String(store.port),
    provider.url,
  ]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [port] = (await once(createInterface(child.stdout), 'line')) as [string]
  return { child, url: `http://127.0.0.1:${port}` }
}

async function startTable(): Promise<ServerProcess> {
  const server = await startPostgres()
  const { db, stop } = connectPostgres(server)
  await createSessionTable(db)
  await stop()
  return server
}

const STORES = [
  { kind: 'Redis', isThere: hasRedis, start: () => startRedisNode() },
  { kind: 'PostgreSQL', isThere: hasPostgres, start: startTable },
]

for (const { kind, isThere, start } of STORES) {
  describeWith(kind, isThere)(`work that is done once, by ${PROCESSES} processes on ${kind}`, () => {
    let store: ServerProcess
    let provider: Provider
    let processes: Process[] = []

    beforeAll(async () => {
      store = await start()
      provider = await startProvider()
      processes = await Promise.all(Array.from({ length: PROCESSES }, () => startProcess(kind, store, provider)))
    })
    afterAll(async () => {
      for (const { child } of processes) child.kill('SIGKILL')
      provider.close()
      await store.stop()
    })
    beforeEach(() => provider.begin())

    /** A visitor with an expired token: returns their cookies. */
    async function beginSession(): Promise<string> {
      const { headers } = await fetch(`${processes[0].url}/begin`)
      return headers
        .getSetCookie()
        .map((line) => line.split(';')[0])
        .join('; ')
    }

    const send = async (cookie: string, { url }: Process): Promise<string> =>
      fetch(`${url}/token`, { headers: { cookie } }).then(
        async (response) => `${response.status} ${await response.text()}`,
        () => 'hung up',
      )

    it(`R121: one of ${REQUESTS} parallel requests to ${PROCESSES} processes does the work, and all get what it made`, async () => {
      const cookie = await beginSession()
      const sent = Array.from({ length: REQUESTS }, (_, index) => send(cookie, processes[index % PROCESSES]))
      expect(await Promise.all(sent)).toEqual(sent.map(() => '200 1'))
      expect(provider.calls).toEqual([{ isGood: true }])
    })

    it('R121: the work of a process that is killed is done once more, and the others get what was made', async () => {
      const cookie = await beginSession()
      const asked = provider.holdNext()
      const [holder, ...others] = processes
      const lost = send(cookie, holder)
      await asked
      const sent = Array.from({ length: REQUESTS }, (_, index) => send(cookie, others[index % others.length]))
      holder.child.kill('SIGKILL')
      expect(await lost).toBe('hung up')
      expect(await Promise.all(sent)).toEqual(sent.map(() => '200 1'))
      expect(provider.calls).toEqual([{ isGood: true }, { isGood: true }])
    })
  })
}
