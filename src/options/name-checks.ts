import type Koa from 'koa'
import { SessionError } from '../base/errors'
import type { ResolvedOptions } from './options'

/** What Koa gives each context beside what its prototype has. */
const KOA_PROPERTIES = ['app', 'req', 'res', 'request', 'response', 'state', 'originalUrl', 'respond']

/** What names a session within its app. */
type Names = Pick<ResolvedOptions, 'key' | 'property' | 'chunks'>

/**
 * @throws {SessionError} `ERR_SESSION_OPTIONS` where Koa has the property already, `ERR_SESSION_CLASH` where another
 * session of the app has the name of the cookie or the property
 */
export function checkNames(app: Koa, names: Names, others: readonly { options: Names }[]): void {
  const { property } = names
  if (KOA_PROPERTIES.includes(property) || property in (Object.getPrototypeOf(app.context) as object)) {
    throw new SessionError(
      'ERR_SESSION_OPTIONS',
      `The session option "property" cannot be "${property}": Koa has a ctx.${property} already.`,
    )
  }
  const taken = propertiesOf(names).find(
    (name) => Object.getOwnPropertyDescriptor(app.context, name)?.configurable === false,
  )
  if (taken !== undefined) {
    throw new SessionError(
      'ERR_SESSION_CLASH',
      `${isOfKoaSession(app.context) ? 'koa-session' : 'Another package'} has a ctx.${taken} on this app already. Leave it out, or give this ` +
        'session a "key" and a "property" of its own.',
    )
  }
  const other = others.find(
    ({ options }) => cookiesOverlap(options, names) || overlap(propertiesOf(options), propertiesOf(names)),
  )
  if (!other) return
  throw new SessionError(
    'ERR_SESSION_CLASH',
    `This app has a session with the cookie "${other.options.key}" on ctx.${other.options.property} already. ` +
      'Give the second one a "key" and a "property" of its own.',
  )
}

/** Whether two sessions would set the same cookie. */
export function cookiesOverlap(one: Names, other: Names): boolean {
  return overlap(cookiesOf(one), cookiesOf(other))
}

/** The names of all cookies that a session may set: the first one, further pieces, and a signature for each. */
export function cookiesOf({ key, chunks }: Omit<Names, 'property'>): string[] {
  const pieces = Array.from({ length: chunks ?? 1 }, (_, index) => (index === 0 ? key : `${key}.${index}`))
  return pieces.flatMap((name) => [name, `${name}.sig`])
}

function propertiesOf({ property }: Names): string[] {
  return [property, `${property}Options`]
}

/** Whether koa-session is installed on an app, by the name of what it keeps there. */
export function isOfKoaSession(context: object): boolean {
  return Object.getOwnPropertySymbols(context).some(({ description = '' }) => description.includes('contextSession'))
}

function overlap(one: readonly string[], other: readonly string[]): boolean {
  return one.some((name) => other.includes(name))
}
