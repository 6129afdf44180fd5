import { andThen, type Awaitable } from './contracts/awaitable'
import type { Loaded } from './contracts/backend'
import type { Presented } from './contracts/transport'
import { isSessionId } from './id'
import { keepCookies } from './keep-cookies'
import { isExpired } from './record'
import type { SessionRequest } from './session-request'

/** A session that the client presented and that was accepted. */
export interface FoundSession extends Loaded {
  presented: Presented
  /** Its id; undefined where the record rests in the cookie. */
  id: string | undefined
}

/** Reads what the client presents and the records behind it, and answers the first one that is accepted. */
export function findSession(request: SessionRequest): Awaitable<FoundSession | undefined> {
  return andThen(request.config.transport.read(request.ctx, request.attributes), (candidates) =>
    findAmong(request, candidates),
  )
}

function findAmong(request: SessionRequest, [first, ...others]: Presented[]): Awaitable<FoundSession | undefined> {
  if (!first) return undefined
  return andThen(resume(request, first), (found) => found ?? findAmong(request, others))
}

function resume(request: SessionRequest, presented: Presented): Awaitable<FoundSession | undefined> {
  const { hasStore } = request.config
  const id = hasStore && isSessionId(presented.token) ? presented.token : undefined
  const loading = hasStore && id === undefined ? undefined : load(request, presented.token)
  return andThen(loading, (loaded) => {
    if (loaded) return accept(request, { ...loaded, presented, id: loaded.id ?? id })
    if (loaded === undefined) request.reject('missed', id, undefined)
    return undefined
  })
}

/** As in koa-session: a cookie on which `decode` fails is cleared, so that the next request does not fail as well. */
function load(request: SessionRequest, token: string): Awaitable<Loaded | null | undefined> {
  const { ctx, config } = request
  if (config.hasStore) return request.backend.load(token, request.storeRequest)
  try {
    return request.backend.load(token, request.storeRequest)
  } catch (error) {
    if (!ctx.headerSent) {
      void config.transport.clear(ctx, request.attributes)
      keepCookies(ctx, config.options.key)
    }
    throw error
  }
}

function accept(request: SessionRequest, found: FoundSession): Awaitable<FoundSession | undefined> {
  const { record, id } = found
  const { options } = request.config
  if (isExpired(record, options, Date.now())) {
    request.reject('expired', id, record)
    return id === undefined ? undefined : andThen(request.backend.remove(id, request.storeRequest), () => undefined)
  }
  return andThen(request.settings.valid?.(request.ctx, record) ?? true, (accepted) => {
    if (accepted) return found
    request.reject('invalid', id, record)
    return undefined
  })
}
