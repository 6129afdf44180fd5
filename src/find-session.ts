import { andThen, type Awaitable } from './contracts/awaitable'
import type { Loaded } from './contracts/backend'
import type { Presented } from './contracts/transport'
import { isSessionId } from './id'
import { keepCookies } from './keep-cookies'
import { isExpired } from './record'
import type { SessionRequest } from './session-request'

/** A session that the client presented and that was accepted. */
export interface FoundSession {
  presented: Presented
  loaded: Loaded
}

/** Reads what the client presents and the records behind it, and answers the first one that is accepted. */
export function findSession(request: SessionRequest): Awaitable<FoundSession | undefined> {
  return andThen(request.config.transport.read(request.ctx, request.attributes), (candidates) =>
    findAmong(request, candidates, 0),
  )
}

function findAmong(
  request: SessionRequest,
  candidates: Presented[],
  place: number,
): Awaitable<FoundSession | undefined> {
  if (place === candidates.length) return undefined
  const presented = candidates[place]
  return andThen(resume(request, presented.token), (loaded) =>
    loaded ? { presented, loaded } : findAmong(request, candidates, place + 1),
  )
}

function resume(request: SessionRequest, token: string): Awaitable<Loaded | undefined> {
  const { hasStore } = request.config
  const id = hasStore && isSessionId(token) ? token : undefined
  const loading = hasStore && id === undefined ? undefined : load(request, token)
  return andThen(loading, (loaded) => accept(request, loaded, id))
}

/** As in koa-session: a cookie on which `decode` fails is cleared, so that the next request does not fail as well. */
function load(request: SessionRequest, token: string): Awaitable<Loaded | null | undefined> {
  const { ctx, config } = request
  if (config.hasStore) return request.backend.load(token, request.storeRequest)
  try {
    return request.backend.load(token, request.storeRequest)
  } catch (error) {
    if (!ctx.res.headersSent) {
      void config.transport.clear(ctx, request.attributes)
      keepCookies(ctx, config.options.key)
    }
    throw error
  }
}

function accept(
  request: SessionRequest,
  loaded: Loaded | null | undefined,
  presentedId: string | undefined,
): Awaitable<Loaded | undefined> {
  if (!loaded) {
    if (loaded === undefined) request.reject('missed', presentedId, undefined)
    return undefined
  }
  const { record, id } = loaded
  if (isExpired(record, request.config.options, Date.now())) {
    request.reject('expired', id, record)
    return id === undefined ? undefined : removeExpired(request, id)
  }
  const { valid } = request.settings
  if (!valid) return loaded
  return andThen(valid(request.ctx, record), (isValid) => {
    if (isValid) return loaded
    request.reject('invalid', id, record)
    return undefined
  })
}

async function removeExpired(request: SessionRequest, id: string): Promise<undefined> {
  await request.backend.remove(id, request.storeRequest)
}
