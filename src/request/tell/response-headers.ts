import type { ServerResponse } from 'node:http'
import type { Context } from 'koa'
import onHeaders from 'on-headers'
import { hasResponse } from '../scope/response-state'

/**
 * Keeps the response out of caches where it used its session. As late as can be: a handler may begin the response itself, and
 * Koa's error response begins without any header.
 */
export function preventCaching(ctx: Context, session: { readonly affectsResponse: boolean }): void {
  if (!hasResponse(ctx)) return
  onHeaders(ctx.res, function forbidCaches() {
    if (!session.affectsResponse) return
    ctx.set('Cache-Control', 'no-store')
    ctx.vary('Cookie')
  })
}

/** A token for one browser is in this response: no cache is to keep it for another one. */
export function forbidStoring(ctx: Context): void {
  onHeaders(ctx.res, function forbidCaches(this: ServerResponse) {
    this.setHeader('Cache-Control', 'no-store')
  })
}

/** Tells the browser to clear what the site has left with it; on an error response too. */
export function clearSiteData(ctx: Context, directives: string): void {
  if (!hasResponse(ctx) || ctx.headerSent) return
  onHeaders(ctx.res, function addClearSiteData(this: ServerResponse) {
    const present = this.getHeader('Clear-Site-Data')
    const all = [...String(present ?? '').split(','), ...directives.split(',')].map((directive) => directive.trim())
    this.setHeader('Clear-Site-Data', Array.from(new Set(all.filter(Boolean))).join(', '))
  })
}
