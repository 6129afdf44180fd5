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

/** All warnings of the process from here on, until the mocks are restored. */
export function collectWarnings(): string[] {
  const warnings: string[] = []
  jest
    .spyOn(process, 'emitWarning')
    .mockImplementation((...warning: unknown[]) => void warnings.push(warning.join(' ')))
  return warnings
}
