import type Koa from 'koa'
import { SessionError } from './errors'
import type { ResolvedOptions } from './options'

/** What Koa gives each context beside what its prototype has. */
const KOA_PROPERTIES = ['app', 'req', 'res', 'request', 'response', 'state', 'originalUrl', 'respond']

/** What names a session within its app. */
type Names = Pick<ResolvedOptions, 'key' | 'property'>

/**
 * @throws {SessionError} `ERR_SESSION_OPTIONS` where Koa has the property already, `ERR_SESSION_CLASH` where another
 * session of the app has the name of the cookie or the property
 */
export function checkNames(app: Koa, { key, property }: Names, others: readonly { options: Names }[]): void {
  if (KOA_PROPERTIES.includes(property) || property in (Object.getPrototypeOf(app.context) as object)) {
    throw new SessionError(
      'ERR_SESSION_OPTIONS',
      `The session option "property" cannot be "${property}": Koa has a ctx.${property} already.`,
    )
  }
  const other = others.find(
    ({ options }) => overlap(options.key, key, '.sig') || overlap(options.property, property, 'Options'),
  )
  if (!other) return
  throw new SessionError(
    'ERR_SESSION_CLASH',
    `This app has a session with the cookie "${other.options.key}" on ctx.${other.options.property} already. ` +
      'Give the second one a "key" and a "property" of its own.',
  )
}

function overlap(one: string, other: string, suffix: string): boolean {
  return one === other || one === other + suffix || one + suffix === other
}
