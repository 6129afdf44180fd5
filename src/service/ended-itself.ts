import { SessionError } from '../base/errors'

/** The error of an end that was to spare a session which is ended itself. */
export function endedItself(): SessionError {
  return new SessionError(
    'ERR_SESSION_ENDED',
    "The session that was to be spared by { except: 'current' } was ended itself a moment ago, by an end of the same key. " +
      'Nothing was ended by this call.',
    { status: 401 },
  )
}
