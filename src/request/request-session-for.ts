import type { Context } from 'koa'
import { isTraced } from '../base/tracing'
import type { SessionConfig } from '../config/config'
import { crossSiteError } from './scope/cross-site'
import { CrossSiteSession } from './cross-site-session'
import { Persistence } from './session/persistence'
import { RequestScope } from './scope/request-scope'
import { RequestSession } from './session/request-session'
import { preventCaching } from './tell/response-headers'
import { TracedPersistence } from './tracing/traced-persistence'
import { TracedScope } from './tracing/traced-scope'

/** Makes the session of a request: the ordinary one, unless it comes from another site, or somebody traces sessions. */
export function requestSessionFor(ctx: Context, config: SessionConfig): RequestSession {
  const session = sessionFor(ctx, config)
  if (config.options.preventCaching) preventCaching(ctx, session)
  return session
}

function sessionFor(ctx: Context, config: SessionConfig): RequestSession {
  const { crossSite } = config
  const error = crossSite && crossSiteError(ctx, crossSite)
  // Browsers renew a binding on their own account, whichever site's link has made them: the protocol has proofs of its own.
  if (error && !config.binding?.handles(ctx)) return new CrossSiteSession(ctx, config, error, crossSite.mode)
  if (isTraced()) return tracedSession(ctx, config)
  const scope = new RequestScope(ctx, config)
  return new RequestSession(scope, new Persistence(scope))
}

function tracedSession(ctx: Context, config: SessionConfig): RequestSession {
  const scope = new TracedScope(ctx, config)
  return new RequestSession(scope, new TracedPersistence(scope))
}
