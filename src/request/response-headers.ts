import type { ServerResponse } from 'node:http'
import type { Context } from 'koa'
import onHeaders from 'on-headers'
import { ContextSlot } from '../base/context-slot'

const GUARDED = new ContextSlot<true>('caching')

/** Keeps the response out of caches, as it is now. */
export function preventCaching(ctx: Context): void {
  if (ctx.headerSent) return
  ctx.set('Cache-Control', 'no-store')
  ctx.vary('Cookie')
}

/**
 * Keeps the response out of caches whatever becomes of it: one that begins early, as a stream does, and the error response
 * of whoever is in front, for which Koa removes every header.
 */
export function preventCachingLater(ctx: Context): void {
  if (GUARDED.of(ctx) || ctx.headerSent) return
  GUARDED.set(ctx, true)
  onHeaders(ctx.res, () => preventCaching(ctx))
}

/** Tells the browser to clear what the site has left with it; on an error response too. */
export function clearSiteData(ctx: Context, directives: string): void {
  if (ctx.headerSent) return
  onHeaders(ctx.res, function addClearSiteData(this: ServerResponse) {
    const present = this.getHeader('Clear-Site-Data')
    const all = [...String(present ?? '').split(','), ...directives.split(',')].map((directive) => directive.trim())
    this.setHeader('Clear-Site-Data', Array.from(new Set(all.filter(Boolean))).join(', '))
  })
}
