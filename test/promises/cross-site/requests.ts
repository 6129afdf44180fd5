import type { SessionOptions } from 'koa-session-service'
import { KOA_VERSIONS, type Visitor } from '../../support/app/app'
import { BACKENDS } from '../../support/backends/backends'

/** What a browser adds to a request that a page of another site has made. */
export const FOREIGN = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
/** What it adds to one of the site itself. */
export const OWN = { 'sec-fetch-site': 'same-origin', origin: 'http://localhost' }

/** Every backend under every Koa, eager and lazy. */
export const CASES = Object.entries(KOA_VERSIONS).flatMap(([koa, KoaClass]) =>
  BACKENDS.flatMap((backend) =>
    [false, true].map((lazy) => ({
      ...backend,
      name: `${backend.name}, ${koa}${lazy ? ', lazy' : ''}`,
      KoaClass,
      options: (): SessionOptions => ({ ...backend.options(), lazy }),
    })),
  ),
)

/** Signs a visitor in, and returns what the browser holds then. */
export async function signIn(visitor: Visitor): Promise<string> {
  await visitor.post('/login', undefined, OWN)
  return visitor.jar.header
}
