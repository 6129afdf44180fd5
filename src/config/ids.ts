import { randomUUID } from 'node:crypto'
import type { Context } from 'koa'
import { isPromise, type Awaitable } from '../base/awaitable'
import { SessionError } from '../base/errors'
import type { ResolvedOptions } from '../options/options'
import { fitsCookie, isSessionId } from '../session/id'
import { endsInSecret } from '../session/token'

/** Makes the function that makes ids: `genid` of the options, whose every id is checked, or a random one. */
export function chooseId({ genid, prefix = '', externalKey }: ResolvedOptions): (ctx: Context) => Awaitable<string> {
  if (!genid) return () => prefix + randomUUID()
  const checkId = externalKey ? checkForm : checkForCookie
  return (ctx) => {
    try {
      const id = genid(ctx)
      return isPromise(id) ? Promise.resolve(id).then(checkId, failId) : checkId(id)
    } catch (cause) {
      // A promise: to ask for a session fails for nobody who does not come to need the id.
      return Promise.reject(cause as Error).catch(failId)
    }
  }
}

function checkForCookie(given: unknown): string {
  const id = checkForm(given)
  if (fitsCookie(id)) return id
  throw new SessionError(
    'ERR_SESSION_BAD_ID',
    'The option "genid" returned a text that no cookie brings back as it is: a session id has no semicolon, and does not ' +
      'begin with a quotation mark.',
  )
}

function checkForm(id: unknown): string {
  if (isSessionId(id) && !endsInSecret(id)) return id
  throw new SessionError(
    'ERR_SESSION_BAD_ID',
    `The option "genid" returned ${typeof id === 'string' ? `a text of ${id.length} characters` : `a value of type ${typeof id}`}. ` +
      'A session id is a string of 1 to 512 visible ASCII characters, no path, and does not end in "~" and 32 or 52 letters or digits: that is a secret.',
  )
}

function failId(cause: unknown): never {
  if (cause instanceof SessionError) throw cause
  throw new SessionError('ERR_SESSION_BAD_ID', 'The option "genid" failed; its error is the cause of this one.', {
    cause,
  })
}
