import {
  accessOf,
  accessFields,
  decideLateWrite,
  rotate,
  tokenStatusOf,
  type Access,
  type TokenHolder,
  type LateWrite,
} from '../../../src/session/access'
import { hashToken, makeToken, parseToken, type Token } from '../../../src/session/token'

/**
 * The protocol of tokens and records, tried without Koa and without stores: actors take steps, each one call of a store that
 * writes on a condition, and every order of the steps is tried. The decisions are the library's own.
 */

/** A session's data: whose it is, and what is in the cart. */
export interface Data {
  user?: string
  [key: string]: string | undefined
}

interface Rest {
  access: Access
  data: Data
  revision: number
}

/** What a store holds, one record by id, and what the browser holds. */
export interface World {
  now: number
  records: Map<string, Rest>
  browser: string
  ids: number
  /** What was told to a client that is signed in, was written, or was ended: each acknowledged. */
  log: Acknowledged[]
}

interface Acknowledged {
  actor: string
  what: 'wrote' | 'signed in' | 'logged out' | 'gone' | 'read' | 'failed'
  id?: string
  key?: string
  user?: string
  /** It came with a token that was rotated away just before. */
  isLate?: boolean
}

/** What a request does to its session. */
export interface Intent {
  name: string
  /** The token that it comes with; the browser's at its first step by default. */
  token?: string
  sets?: Data
  regenerates?: boolean
  logsOut?: boolean
  /** It is sent at some time of its own, with what the browser holds by then. */
  isLater?: boolean
  /** The attacker's requests have no browser whose cookie they could change. */
  isForeign?: boolean
  /** Its writes are lost before, or answered with an error after, their effect. */
  fault?: 'before' | 'after'
}

/** One request, as the steps that it takes: each is one call of the store. Ends when it returns. */
export function* request(world: World, intent: Intent, hasOwners: boolean): Generator<string, void> {
  const { name } = intent
  const told = (entry: Omit<Acknowledged, 'actor'>): void => void world.log.push({ actor: name, ...entry })
  if (intent.isLater) yield 'sent'
  const text = intent.token ?? world.browser
  const token = parseToken(text || 'none') as Token
  yield 'read'
  const first = world.records.get(token.id)
  const standing = first ? tokenStatusOf(token, first.access, world.now) : undefined
  let isLate = standing?.name === 'late'
  let stored = standing?.name === 'current' ? copyOf(first) : undefined
  const opened: TokenHolder = isLate
    ? { generation: standing?.name === 'late' ? standing.generation : 0, owner: undefined }
    : { generation: stored?.access.generation ?? 0, owner: ownerOf(stored?.data, hasOwners) }
  told({ what: 'read', id: stored ? token.id : undefined, user: stored?.data.user, isLate })
  if (intent.logsOut) {
    if (!stored && !isLate) return
    yield 'destroy'
    if (intent.fault === 'before') return told({ what: 'failed' })
    world.records.delete(token.id)
    if (intent.fault === 'after') return told({ what: 'failed' })
    if (!intent.isForeign) world.browser = ''
    return told({ what: 'logged out', id: token.id })
  }
  const before: Data = stored ? { ...stored.data } : {}
  let mine: Data = { ...before, ...intent.sets }
  let found: Rest | undefined = isLate ? copyOf(first) : undefined
  let needsJudgement = isLate
  let regenerates = intent.regenerates === true
  for (let attempt = 0; attempt < 9; attempt++) {
    if (needsJudgement) {
      const verdict: LateWrite = decideLateWrite({
        opened,
        isLate,
        owner: ownerOf(mine, hasOwners),
        hasOwners,
        regenerates,
        confirms: false,
        found: found && { generation: found.access.generation, owner: ownerOf(found.data, hasOwners) },
      })
      if (verdict === 'gone') return told({ what: 'gone' })
      if (verdict === 'anew') {
        stored = undefined
        mine = { ...intent.sets }
        regenerates = false
        isLate = false
        if (Object.keys(mine).length === 0) return told({ what: 'gone' })
      } else if (found) {
        const satisfied = hasOwners && found.access.secret !== stored?.access.secret
        mine = { ...found.data, ...intent.sets }
        stored = { ...found }
        isLate = false
        if (satisfied) regenerates = false
      }
      needsJudgement = false
    }
    const owner = ownerOf(mine, hasOwners)
    const changesOwner = stored !== undefined && owner !== ownerOf(stored.data, hasOwners)
    const isChanged = stored === undefined || !isSame(mine, stored.data)
    if (!regenerates && !changesOwner && !isChanged) return told({ what: 'wrote', id: token.id, user: mine.user })
    if (!stored) {
      if (Object.keys(mine).length === 0) return
      const next = makeToken(`id${++world.ids}`, { withSecret: hasOwners })
      yield 'create'
      if (intent.fault === 'before') return told({ what: 'failed' })
      const access = accessOf(hasOwners ? { _secret: hashToken(next.text) } : {})
      world.records.set(next.id, { access, data: mine, revision: 1 })
      // A lost answer is looked up by its secret; without one it is a failure.
      if (intent.fault === 'after' && !hasOwners) return told({ what: 'failed' })
      if (!intent.isForeign) world.browser = next.text
      return told({ what: owner === undefined ? 'wrote' : 'signed in', id: next.id, ...keyOf(intent), user: mine.user })
    }
    const rotates = changesOwner || regenerates
    const next = makeToken(token.id, { withSecret: true })
    const isNewGeneration = changesOwner || !hasOwners
    const access = rotates ? rotate(next, stored.access, { isNewGeneration, now: world.now }) : stored.access
    yield 'replace'
    const now = world.records.get(token.id)
    if (intent.fault === 'before') return told({ what: 'failed' })
    if (now?.revision === stored.revision) {
      // As it rests: only what is stored counts, not what was in memory.
      const rest = accessOf(accessFields(access))
      world.records.set(token.id, { access: rest, data: { ...mine }, revision: now.revision + 1 })
      if (intent.fault === 'after' && !rotates) return told({ what: 'failed' })
      if (intent.fault === 'after') {
        yield 'look once'
        if (world.records.get(token.id)?.access.secret !== access.secret) return told({ what: 'failed' })
      }
      const isCurrent = rotates || tokenStatusOf(token, access, world.now).name === 'current'
      if (!intent.isForeign && isCurrent) world.browser = rotates ? next.text : text
      const what = changesOwner && owner !== undefined ? 'signed in' : 'wrote'
      return told({ what, id: token.id, ...keyOf(intent), user: mine.user })
    }
    yield 'read again'
    found = copyOf(world.records.get(token.id))
    needsJudgement = true
  }
}

function keyOf({ sets }: Intent): { key?: string } {
  return { key: Object.keys(sets ?? {}).find((key) => key !== 'user') }
}

function ownerOf(data: Data | undefined, hasOwners: boolean): string | undefined {
  return hasOwners ? data?.user : undefined
}

function isSame(one: Data, other: Data): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

function copyOf(rest: Rest | undefined): Rest | undefined {
  return rest && { ...rest, data: { ...rest.data } }
}

/** A world with one session whose token the browser holds. */
export function worldWith(data: Data, { hasOwners }: { hasOwners: boolean }): World {
  const token = makeToken('id0', { withSecret: hasOwners })
  const access = accessOf(hasOwners ? { _secret: hashToken(token.text) } : {})
  const records = new Map([['id0', { access, data, revision: 1 }]])
  return { now: 1_000_000, records, browser: token.text, ids: 0, log: [] }
}

/** Whether a token opens a record with this in it, by now. */
export function opens(world: World, text: string): Data | undefined {
  const token = parseToken(text)
  const rest = token && world.records.get(token.id)
  return rest && token && tokenStatusOf(token, rest.access, world.now).name === 'current' ? rest.data : undefined
}

/**
 * Tries every order of the steps of some requests, each in a world of its own. A step is a call of the store together with
 * what follows from it up to the next call.
 */
export function everyInterleaving(
  start: () => { world: World; actors: Generator<string, void>[] },
  check: (world: World, order: number[]) => void,
): number {
  let count = 0
  const explore = (order: number[]): void => {
    const { world, actors } = start()
    const alive = new Set(actors.keys())
    for (const index of actors.keys()) if (actors[index].next().done) alive.delete(index)
    for (const index of order) if (actors[index].next().done) alive.delete(index)
    if (alive.size === 0) {
      count++
      check(world, order)
      return
    }
    for (const index of alive) explore([...order, index])
  }
  explore([])
  return count
}
