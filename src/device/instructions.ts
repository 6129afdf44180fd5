import type { Context } from 'koa'
import type { CookieAttributes } from '../contracts/cookie-attributes'
import { CookieLines, setCookieLines } from '../cookies/cookie-lines'
import type { DeviceBoundSettings } from './settings'

/** The attributes that browsers compare; with any other one in it, some refuse the whole answer. */
const COMPARED = /^(domain|path|secure|httponly|samesite)(=|$)/i

/** Answers with JSON: an answer without a body would be none. */
export function answer(ctx: Context, status: number, body: object): void {
  ctx.status = status
  ctx.body = body
}

/** Hands the browser the next challenge, for the binding that it calls `id`: without the id, none listens. */
export function sendChallenge(ctx: Context, challenge: string, id: string): void {
  ctx.set('Secure-Session-Challenge', `"${challenge}";id="${id}"`)
}

/**
 * What a header says that holds a text: quoted, as the draft has it, or bare, as Chromium sends it. Parameters behind it are
 * passed over (RFC 9651, section 3.3.3).
 */
export function textIn(ctx: Context, header: string): string {
  const value = ctx.get(header).trim()
  const [, quoted, bare] = /^(?:"([^"\\]*)"|([^";\s]*))\s*(?:;.*)?$/.exec(value) ?? []
  return quoted ?? bare ?? ''
}

/** Whether this response hands out the cookie: where another request has changed the token, it has none to hand out. */
export function setsCookie({ res }: Context, name: string): boolean {
  return setCookieLines(res).some((line) => line.startsWith(`${name}=`))
}

/** What {@link instructionsFor} are made of. */
export interface Instructions {
  readonly id: string
  /** The name of the cookie that the browser renews. */
  readonly credential: string
  readonly attributes: CookieAttributes
  readonly initiators: readonly string[]
  readonly settings: DeviceBoundSettings
}

/** What the browser is to do from now on (JSON session instructions). */
export function instructionsFor(
  ctx: Context,
  { id, credential, attributes, initiators, settings }: Instructions,
): object {
  const { path, includeSite, exclude } = settings
  const rules = [path, ...exclude].map((excluded) => ({ type: 'exclude', domain: '*', path: excluded }))
  return {
    session_identifier: id,
    refresh_url: `${path}/refresh`,
    scope: {
      // With the whole site, the browser knows better than we which one that is.
      ...(includeSite ? {} : { origin: `${ctx.protocol}://${ctx.host}` }),
      include_site: includeSite,
      scope_specification: rules,
    },
    ...(initiators.length > 0 ? { allowed_refresh_initiators: initiators } : {}),
    credentials: [{ type: 'cookie', name: credential, attributes: attributesOf(ctx, credential, attributes) }],
  }
}

/** The attributes of the session's cookie, spelled as the response that sets it spells them: browsers compare the two. */
function attributesOf(ctx: Context, credential: string, attributes: CookieAttributes): string {
  const line = new CookieLines(credential).line('x', 'session', attributes, attributes.secure ?? ctx.secure)
  return line
    .split('; ')
    .filter((attribute) => COMPARED.test(attribute))
    .join('; ')
}
