import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { buildSync } from 'esbuild'
import { ENVIRONMENT } from '../package/packed'
import type { Result } from './runtime'

const CONFIG = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "checks", worker = .checks)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "checks")],
);
const checks :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "bundled.mjs")],
  compatibilityDate = "2026-08-01",
  compatibilityFlags = ["nodejs_compat"],
);
`
/** Koa requires parts of Node, which an ES module has by this alone. */
const BANNER = "import { createRequire } from 'node:module'; const require = createRequire('/');"

/** The program of Cloudflare's Workers; undefined where npm has none for this machine. */
export function findWorkerd(): string | undefined {
  try {
    return jest.requireActual<{ default: string }>('workerd').default
  } catch {
    return undefined
  }
}

/** Bundles a worker for it, starts it in a process of its own, and asks it once. */
export async function askWorker(program: string, worker: string, folder: string): Promise<Result> {
  buildSync({
    entryPoints: [join(folder, worker)],
    outfile: join(folder, 'bundled.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['workerd', 'worker', 'module'],
    external: ['cloudflare:*'],
    banner: { js: BANNER },
    logLevel: 'warning',
  })
  writeFileSync(join(folder, 'config.capnp'), CONFIG)
  const server = spawn(program, ['serve', 'config.capnp', '--control-fd=3'], {
    cwd: folder,
    env: ENVIRONMENT,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  })
  let complaints = ''
  server.stderr?.on('data', (text) => (complaints += text))
  try {
    for await (const line of createInterface(server.stdio[3] as Readable)) {
      const { port } = JSON.parse(line) as { port: number }
      return (await (await fetch(`http://127.0.0.1:${port}/`)).json()) as Result
    }
    throw new Error(complaints)
  } finally {
    server.kill()
  }
}
