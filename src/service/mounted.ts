import type Koa from 'koa'
import type { Context } from 'koa'
import { ContextSlot } from '../base/context-slot'
import { SessionError } from '../base/errors'
import { checkContext } from '../base/is-context'
import { cookiesOverlap } from '../options/name-checks'
import type { ResolvedOptions } from '../options/options'

/** The apps whose middleware runs in a context of another app: koa-mount and compose hand their own context on. */
const MOUNTED = new ContextSlot<readonly Koa[]>('mounted apps')

/**
 * The apps that a request is in, the innermost first; the one that the context belongs to is the last.
 *
 * @throws {SessionError} `ERR_SESSION_BAD_VALUE` for what is no context
 */
export function appsOf(ctx: Context): readonly Koa[] {
  checkContext(ctx)
  const mounted = MOUNTED.of(ctx)
  return mounted ? [...mounted, ctx.app] : [ctx.app]
}

/** Puts the request into a mounted app. Returns what takes it out again. */
export function enterApp(ctx: Context, app: Koa): () => void {
  const before = MOUNTED.of(ctx) ?? []
  if (!before.includes(app)) MOUNTED.set(ctx, [app, ...before])
  return () => void MOUNTED.set(ctx, before)
}

/** A session with its app, as far as another one may be in its way. */
interface Neighbour {
  readonly app: Koa
  readonly options: ResolvedOptions
}

/**
 * The session around a mounted app that is the mounted app's own as well: with the same keys and options, and so the same
 * cookie. Undefined where none has its cookie.
 *
 * @throws {SessionError} `ERR_SESSION_CLASH` where one has its cookie, and is another
 */
export function sameAround<T extends Neighbour>(mounted: Neighbour, around: readonly T[]): T | undefined {
  const other = around.find(({ options }) => cookiesOverlap(options, mounted.options))
  if (!other || (hasSameOptions(other.options, mounted.options) && hasSameKeys(other.app, mounted.app))) return other
  const { key, property } = mounted.options
  throw new SessionError(
    'ERR_SESSION_CLASH',
    `The session "${key}" of a mounted app has the cookie of a session of the app around it, "${other.options.key}", and other ` +
      `options or keys than that. Give the session of the mounted app a "key" of its own; its ctx.${property} is its own then.`,
  )
}

function hasSameOptions(one: ResolvedOptions, other: ResolvedOptions): boolean {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]) as Set<keyof ResolvedOptions>
  return Array.from(names).every((name) => Object.is(one[name], other[name]))
}

/** A mounted app without keys has those of the app around it. */
function hasSameKeys({ keys: around }: Koa, { keys: own }: Koa): boolean {
  if (own === undefined || own === around) return true
  return Array.isArray(own) && Array.isArray(around) && own.join('\n') === around.join('\n')
}
