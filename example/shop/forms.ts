import type { Context, Next } from 'koa'
import bodyParser from 'koa-bodyparser'

const parse = bodyParser()

/** Reads forms, and JSON for programs. A list has no fields: controllers are handed an object, or nothing at all. */
export async function forms(ctx: Context, next: Next): Promise<void> {
  await parse(ctx, () => {
    ctx.assert(!Array.isArray(ctx.request.body), 400, 'A form is an object.')
    return next()
  })
}
