import type { session } from 'koa-session-service'

/** The middleware from a copy of the library that has warned of nothing yet. */
export function freshSession(): typeof session {
  let copy!: { session: typeof session }
  jest.isolateModules(() => {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- what is imported is not isolated
    copy = require('koa-session-service') as typeof copy
  })
  return copy.session
}
