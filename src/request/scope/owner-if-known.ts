import type { RequestScope } from './request-scope'

/** The account that data belong to, for what is told alone: the request does not fail where the application cannot say it. */
export function ownerIfKnown(scope: RequestScope, data: object): string | undefined {
  try {
    return scope.ownerOf(data)
  } catch {
    return undefined
  }
}
