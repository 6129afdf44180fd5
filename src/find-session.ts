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

/** Reads what the client presents and the record behind it, and accepts it or reports why not. */
export function findSession(request: SessionRequest): Awaitable<FoundSession | undefined> {
  const { transport, hasStore } = request.config
  return andThen(transport.read(request.ctx, request.attributes()), (presented) => {
    if (!presented) return undefined
    if (!hasStore) return resume(request, presented, undefined)
    if (isSessionId(presented.token)) return resume(request, presented, presented.token)
    request.report('missed', undefined, { key: undefined, value: undefined })
    return undefined
  })
}

function resume(
  request: SessionRequest,
  presented: Presented,
  id: string | undefined,
): Awaitable<FoundSession | undefined> {
  return andThen(load(request, presented.token), (loaded) => {
    if (loaded) return accept(request, { ...loaded, presented, id })
    request.report('missed', id, { key: id, value: undefined })
    return undefined
  })
}

/** As in koa-session: a cookie on which `decode` fails is cleared, so that the next request does not fail as well. */
function load(request: SessionRequest, token: string): Awaitable<Loaded | undefined> {
  const { ctx, config } = request
  if (config.hasStore) return request.backend.load(token, request.storeRequest)
  try {
    return request.backend.load(token, request.storeRequest)
  } catch (error) {
    void config.transport.clear(ctx, request.attributes())
    keepCookies(ctx, config.options.key)
    throw error
  }
}

function accept(request: SessionRequest, found: FoundSession): Awaitable<FoundSession | undefined> {
  const { record, id } = found
  if (isExpired(record, Date.now())) {
    request.report('expired', id, { key: id, value: record })
    return id === undefined ? undefined : andThen(request.backend.remove(id, request.storeRequest), () => undefined)
  }
  return andThen(request.config.options.valid?.(request.ctx, record) ?? true, (accepted) => {
    if (accepted) return found
    request.report('invalid', id, { key: id, value: record })
    return undefined
  })
}
