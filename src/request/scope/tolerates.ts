import { atOnce } from '../../base/awaitable'
import { SessionError } from '../../base/errors'
import type { RequestScope } from './request-scope'

/** Whether a request goes on although the store has failed. */
export function tolerates({ config, ctx, wasRead }: RequestScope, error: unknown): error is SessionError {
  if (!(error instanceof SessionError) || error.code !== 'ERR_SESSION_STORE') return false
  // A browser takes a binding that is not found for one that is ended.
  if (config.binding?.handles(ctx)) return false
  // A renewal that failed is no matter to a request that has not asked for its session.
  if (config.isLazyStore && !wasRead) return true
  const { onStoreError = 'throw' } = config.options
  const policy =
    typeof onStoreError === 'function' ? atOnce(onStoreError(error, ctx), () => decidedLater(error)) : onStoreError
  return policy === 'anonymous'
}

function decidedLater(cause: SessionError): SessionError {
  return new SessionError(
    'ERR_SESSION_BAD_VALUE',
    'The option "onStoreError" returned a promise. It returns "throw" or "anonymous" at once; the error of the store is the ' +
      'cause of this one.',
    { cause },
  )
}
