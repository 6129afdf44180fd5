import { spawn } from 'node:child_process'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ConditionalStore, OwnerIndexedStore, TouchableStore } from 'koa-session-service'
import { findProgram } from '../support/backends/server-process'

/** What there is, in bytes: of the population, or where nobody can tell them apart, of all on the server. */
export interface Bytes {
  memory?: number
  disk?: number
  /** Those of them that indexes take. */
  indexes?: Record<string, number>
}

/** Sessions in a store, each with its ten of an owner. */
export interface Population<S> {
  store: S
  add: (owners: readonly number[]) => Promise<void>
  bytes: () => Promise<Bytes>
  /** Removes what has expired; undefined where the server does so by itself. */
  cleanUp?: () => Promise<unknown>
  /** Fails where what was added is not as the store would have written it. */
  check?: (owner: number) => Promise<void>
}

export type OwnStore = ConditionalStore & TouchableStore & OwnerIndexedStore

/** A store of express-session. */
export interface ForeignStore {
  get: (key: string, done: (error: any, session?: unknown) => void) => unknown
  set: (key: string, session: any, done: (error?: any) => void) => unknown
  touch: (key: string, session: any, done: (error?: any) => void) => unknown
}

/** A private server, and the stores that are measured on it. */
export interface Place {
  /** Opens a population that has no sessions yet. */
  ours: (name: string) => Promise<Population<OwnStore>>
  rival?: { name: string; open: (name: string) => Promise<Population<ForeignStore>> }
  /** Everything is in this process: a call is too short to be timed alone. */
  isLocal?: boolean
  stop: () => Promise<unknown>
}

const CHUNK = 1 << 16

/** Lines in pieces that are worth a system call. */
export function* chunksOf(lines: Iterable<string>): Generator<Buffer> {
  let chunk = ''
  for (const line of lines) {
    chunk += line
    if (chunk.length < CHUNK) continue
    yield Buffer.from(chunk)
    chunk = ''
  }
  if (chunk !== '') yield Buffer.from(chunk)
}

/** Feeds lines to a server's own program, which loads them faster than statements would. */
export async function feed(program: string, args: string[], lines: Iterable<string>): Promise<string> {
  const child = spawn(findProgram(program) as string, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()))
  const closed = new Promise<number>((resolve) => child.once('close', resolve))
  const failure = await pipeline(Readable.from(chunksOf(lines)), child.stdin).catch((error: unknown) => error)
  if ((await closed) === 0 && failure === undefined) return output
  throw new Error(`${program} failed: ${output}`, { cause: failure })
}
