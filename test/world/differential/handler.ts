import { inspect } from 'node:util'
import type { Context } from 'koa'
import type { Action, How } from './plan'
import type { Method } from './sides'
import type { World } from './world'

/** The session as both libraries have it; plans put anything into it. */
interface AnySession {
  [key: string]: unknown
  isNew: boolean
  maxAge: number | 'session'
  length: number
  populated: boolean
  externalKey: string | undefined
  toJSON: () => Record<string, unknown>
}

/** D15: data stay well below the size that a cookie can have. */
const MAX_SIZE = 1_200

/** What `ctx.session` tells of itself. */
export function read(ctx: Context): unknown {
  const session = ctx.session as unknown as AnySession | null
  return session && [inspect(session), session.length, session.populated, session.isNew, session.maxAge]
}

/** Does one thing with the session, and answers what was to be seen. */
export async function perform(action: Action, ctx: Context, world: World): Promise<unknown> {
  if (world.isReplaced) return 'D2'
  switch (action.do) {
    case 'null':
      if (world.plan.hooks.includes('externalKey') && world.step.actions.some(isLeft)) return 'D22'
      world.isNull = true
      return void (ctx.session = null)
    case 'assign':
      return world.isNull && world.hasStore ? 'D2' : assign(ctx, fresh(action.data), world)
    case 'replace':
      return replace(ctx, { again: true, ...fresh(action.data) }, world)
    case 'assign wrong':
      return messageOf(() => assign(ctx, action.data, world))
    case 'cookie':
      return void ctx.cookies.set('other', '1', { signed: false })
    case 'sessionOptions.maxAge':
    case 'sessionOptions.path':
      return world.hasSaved ? 'R18' : setOption(ctx, action)
    default:
      return ctx.session ? use(ctx.session, action, ctx, world) : 'null'
  }
}

async function use(session: AnySession, action: Action, ctx: Context, world: World): Promise<unknown> {
  world.side.seen(ctx, world)
  switch (action.do) {
    case 'set':
      if (JSON.stringify([session, action.value]).length < MAX_SIZE) session[action.key] = fresh(action.value)
      return
    case 'nest':
      return nest(session[action.key], fresh(action.value))
    case 'delete':
      return delete session[action.key]
    case 'empty':
      for (const key of Object.keys(session.toJSON())) delete session[key]
      return
    case 'copy':
      return assign(ctx, { ...session.toJSON() }, world)
    case 'read':
      return read(ctx)
    case 'externalKey':
      return world.isRegenerated && world.evened.has('D13') ? 'D13' : session.externalKey
    case 'maxAge':
      session.maxAge = action.maxAge
      world.hasLifetime = world.hasSaved
      return
    case 'save':
    case 'regenerate':
    case 'manuallyCommit':
      return call(action.do, action.how, ctx, world)
  }
}

async function call(method: Method, how: How, ctx: Context, world: World): Promise<unknown> {
  if (method === 'regenerate' && world.isRefused) return 'R39'
  // What is saved while nobody waits depends on the moment: a commit has to make up for it.
  if (how === 'leave' && (world.hasSaved || world.isRefused || world.plan.options.autoCommit === false)) how = 'catch'
  world.hasSaved = true
  world.isRegenerated ||= method === 'regenerate'
  return world.side.call(ctx, method, how, world)
}

function setOption({ sessionOptions }: Context, action: Action): void {
  if (action.do === 'sessionOptions.maxAge') Object.assign(sessionOptions, { maxAge: action.maxAge })
  if (action.do === 'sessionOptions.path') Object.assign(sessionOptions, { path: action.path })
}

async function replace(ctx: Context, data: object, world: World): Promise<unknown> {
  if (world.hasLifetime) return 'R18'
  if (world.hasStore && (world.isRefused || world.step.actions.some(isLeft))) return 'D2'
  world.isReplaced = world.hasStore
  ctx.session = null
  if (world.hasStore) return world.side.replace(ctx, data, world)
  assign(ctx, data, world)
}

function assign(ctx: Context, data: unknown, world: World): unknown {
  if (world.hasLifetime) return 'R18'
  ctx.session = data as object
  world.side.assigned(ctx, world)
}

function nest(target: unknown, value: unknown): void {
  if (Array.isArray(target)) target.splice(0, 2, value)
  else if (typeof target === 'object' && target) Object.assign(target, { nested: value })
}

function messageOf(work: () => void): string {
  try {
    work()
    return 'accepted'
  } catch {
    return 'refused'
  }
}

/** Both sides act on data of their own. */
function fresh<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Date) return new Date(value) as T
  if (Array.isArray(value)) return value.map(fresh) as T
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fresh(item)])) as T
}

function isLeft(action: Action): boolean {
  return 'how' in action && action.how === 'leave'
}
