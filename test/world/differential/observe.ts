import { createHash, createHmac } from 'node:crypto'
import { createApp, type Answer } from '../../support/app/app'
import { OpenPlainStore } from './stores'
import type { World } from './world'

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'
/** An id, or a token with a secret, or what a record says of it: see {@link nameOfToken}. */
const TOKEN = new RegExp(`(GET-|pre-)?${UUID}(~[\\w-]{32}|~~[\\w-]{43})?`, 'g')

/** What one request showed. */
export interface Observation {
  status: number
  body: string
  /** What the handlers saw, also where they threw. */
  seen: unknown[]
  lines: string[]
  header: unknown
  contents: unknown[]
  calls: unknown
  events: unknown[]
}

/** Everything that a request showed. */
export function observationOf(world: World, { status, body, setCookie, headers }: Answer): Observation {
  return {
    status,
    body,
    seen: world.seen,
    lines: linesOf(setCookie, world),
    header: headers['x-session'],
    contents: world.store.contents(),
    calls: callsOf(world),
    events: world.events.splice(0),
  }
}

/** D21: a token as a record knows it, by its hash. */
export function nameOfToken(id: string, hash: string): string {
  return `${id}~~${hash}`
}

/** Numbers the ids and tokens in a text by order of appearance. */
export function hideIds(text: string, names: Map<string, string>): string {
  return text.replace(TOKEN, (token: string, prefix = '', secret = '') => {
    const hasSecret = secret !== '' && !secret.startsWith('~~')
    const id = hasSecret ? nameOfToken(token.slice(0, -secret.length), hashOf(token)) : token
    const name = names.get(id) ?? `id ${names.size + 1}`
    names.set(id, name)
    return prefix + name
  })
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

/** Signs as Keygrip does with the first of the app's keys. */
export function sign(text: string): string {
  const [key = ''] = createApp().keys as string[]
  return createHmac('sha1', key).update(text).digest('base64url')
}

/** R18: of the lines with one name the last one counts. A signature over an id is checked here, since ids differ. */
function linesOf(setCookie: string[], { key, hasStore, evened }: World): string[] {
  const id = hasStore ? setCookie.map((line) => line.match(`^${key}=([^;]+)`)?.[1]).findLast(Boolean) : undefined
  const signature = id && `${key}.sig=${sign(`${key}=${id}`)};`
  const lines = setCookie.map((line) => (signature ? line.replace(signature, `${key}.sig=good;`) : line))
  if (!evened.has('R18')) return lines
  return [...new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line])).values()].sort()
}

/**
 * What the store was called with, where both libraries have reason to call it alike: not MemoryStore, which has more
 * methods; not where koa-session's side saves by order (D2) or anew (R18), or was given a lifetime beforehand (R3).
 */
function callsOf({ store, plan, step, isReplaced, hasSaved }: World): unknown {
  if (!(store instanceof OpenPlainStore)) return undefined
  const calls = store.takeCalls()
  return plan.backend === 'MemoryStore' || isReplaced || hasSaved || step.early ? undefined : calls
}
