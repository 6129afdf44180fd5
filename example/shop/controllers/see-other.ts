import type { Context } from 'koa'

/** Leads on after a form, where a handler answers with a page in other cases. */
export function seeOther(ctx: Context, path: string): Context {
  ctx.redirect(path)
  ctx.status = 303
  return ctx
}
