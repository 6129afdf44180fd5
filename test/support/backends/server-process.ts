import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** How often a server is asked whether it is ready, and how long it is waited in between, in milliseconds. */
const ATTEMPTS = 300
const PAUSE = 100
/** How often a server is started that finds its port taken: somebody else was faster since it was found free. */
const MAX_STARTS = 3
const PORT_TAKEN = /address already in use/i

/** An account that a server runs under; none where the tests do not run as root. */
interface Account {
  uid?: number
  gid?: number
}

/** A private server in a folder of its own, on a free port of the loopback interface. */
export interface ServerProcess {
  readonly port: number
  readonly folder: string
  /** Ends the process without warning, as a crash would. */
  kill(): Promise<void>
  /** Starts it again on the same folder and port. */
  restart(): Promise<void>
  /** Ends the process and removes the folder. */
  stop(): Promise<void>
}

interface ServerCommand {
  program: string
  args: (place: { port: number; folder: string }) => string[]
  /** Prepares the folder before the first start. */
  prepare?: (folder: string) => void
  isReady: (port: number) => Promise<boolean>
  account?: Account
}

/** Where a program is, on the PATH or in one of the folders where Debian keeps servers; undefined where it is not. */
export function findProgram(...names: string[]): string | undefined {
  const versions = '/usr/lib/postgresql'
  const postgres = existsSync(versions) ? readdirSync(versions).map((version) => join(versions, version, 'bin')) : []
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', ...postgres]
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path))
}

/** The account of a name, for servers that refuse to run as root. */
export function accountOf(name: string): Account {
  if (process.getuid?.() !== 0) return {}
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(spawnSync('id', [flag, name]).stdout.toString()))
  return { uid, gid }
}

/** Below the ports that systems give to those who ask for any, so that no connection takes one that was found free. */
const LOWEST_PORT = 12_000
const HIGHEST_PORT = 22_000
/** So far apart begin two processes that look for ports at the same time. */
const STRIDE = 97
let next = LOWEST_PORT + ((process.pid * STRIDE) % (HIGHEST_PORT - LOWEST_PORT))

/** A port that nobody listens on, and that this process has not handed out before. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = next
    next = next + 1 < HIGHEST_PORT ? next + 1 : LOWEST_PORT
    if (await isFree(port)) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  const found = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => resolve(true))
  })
  if (found) await new Promise((resolve) => server.close(resolve))
  return found
}

/** Runs a program to its end, and throws what it said where it failed. */
export function run(program: string, args: string[], account: Account = {}): void {
  const { status, stdout, stderr } = spawnSync(program, args, { ...account, cwd: tmpdir() })
  if (status !== 0) throw new Error(`${program} failed: ${stdout.toString()}${stderr.toString()}`)
}

/** Starts a server. One that did not start leaves nothing behind; another one had its port, it is tried on another. */
export async function startServer(command: ServerCommand): Promise<ServerProcess> {
  for (let attempt = 1; ; attempt++) {
    const folder = mkdtempSync(join(tmpdir(), 'sessions-'))
    try {
      return await startIn(folder, command)
    } catch (error) {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
      if (attempt === MAX_STARTS || !PORT_TAKEN.test((error as Error).message)) throw error
    }
  }
}

async function startIn(folder: string, command: ServerCommand): Promise<ServerProcess> {
  if (command.account?.uid !== undefined) run('chown', [`${command.account.uid}:${command.account.gid}`, folder])
  command.prepare?.(folder)
  const port = await freePort()
  let child = await launch(command, port, folder)
  const end = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }
  process.once('exit', () => child.kill('SIGKILL'))
  return {
    port,
    folder,
    kill: end,
    restart: async () => {
      child = await launch(command, port, folder)
    },
    stop: async () => {
      await end()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function launch(
  { program, args, account, isReady }: ServerCommand,
  port: number,
  folder: string,
): Promise<ChildProcess> {
  const child = spawn(program, args({ port, folder }), { ...account, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const note = (chunk: Buffer): void => void (output = (output + chunk.toString()).slice(-4000))
  child.stdout.on('data', note)
  child.stderr.on('data', note)
  let failure: unknown
  child.once('error', (error) => (failure = error))
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (child.exitCode !== null || child.pid === undefined) break
    const isUp = await isReady(port).catch((error: unknown) => void (failure = error))
    if (isUp && child.exitCode === null) return child
    // Not of node:timers/promises, which tests replace.
    await new Promise((resolve) => setTimeout(resolve, PAUSE))
  }
  const state = child.exitCode === null ? 'it was not ready in time' : `it ended with ${child.exitCode}`
  child.kill('SIGKILL')
  throw new Error(`${program} did not start on port ${port}: ${state}. ${String(failure)}\n${output}`, {
    cause: failure,
  })
}
