import type { Context } from 'koa'
import { warnOnce } from '../base/warning'
import { isOfKoaSession } from '../options/name-checks'
import { isOwnGetter } from './context-properties'

/** Warns where handlers of this request have another session at `ctx[property]` than the one of this package. */
export function warnIfReplaced(ctx: Context, property: string): void {
  if (isOwnGetter(descriptorOf(ctx, property)?.get)) return
  warnOnce(
    `replaced ${property}`,
    `ctx.${property} is not the session of koa-session-service: ${causeOf(ctx, property)} has replaced it. Leave that out, or give ` +
      'this session a "key" and a "property" of its own.',
  )
}

function descriptorOf(target: object | null, property: string): PropertyDescriptor | undefined {
  if (target === null) return undefined
  return (
    Object.getOwnPropertyDescriptor(target, property) ?? descriptorOf(Object.getPrototypeOf(target) as object, property)
  )
}

/** What can be told of where another session comes from. */
function causeOf(ctx: Context, property: string): string {
  if (Object.hasOwn(ctx, property)) return 'a middleware'
  return isOfKoaSession(ctx.app.context) ? 'koa-session' : 'the application or another package'
}
