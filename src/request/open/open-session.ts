import { andThen, type Awaitable } from '../../base/awaitable'
import type { Versioned } from '../../contracts/store'
import type { PresentedToken } from '../../contracts/transport'
import { PLACES, rotatingStatusOf, type Opening, type RotatingStatus } from '../../rotation/token-status'
import { accessOf, refusalOf, tokenStatusOf, type Access } from '../../session/access'
import type { CookieFate } from '../../session/explanation-words'
import { isExpired, isUnbounded, passedBoundOf, type Bound, type SessionRecord } from '../../session/record'
import { fingerprint, parseToken, type Token } from '../../session/token'
import { ownerIfKnown } from '../scope/owner-if-known'
import type { RequestScope } from '../scope/request-scope'
import { concludeReplay, isReplay, type Replay } from './replay'
import { presentingOf, withOpening } from './rotating'
import { bindable, storedFrom, type Stored, type Superseded } from './stored'
import { isValid, noteVoid, readAtOf, removeVoid } from './void-session'
import { reject } from '../scope/reject'

/** What was found behind what a client presented. Finding it writes nothing to the client. */
export type Opened =
  | { stored: Stored; record: SessionRecord; presented: PresentedToken; superseded?: undefined }
  | { superseded: Superseded | undefined; replay?: Replay; stored?: undefined }
  | undefined

/**
 * Returns the first session that is accepted; without one, the first that a token led to which was rotated away just now. A copy is
 * judged last, and not where another token opens the same session.
 */
export function openSession(scope: RequestScope, tokens: PresentedToken[]): Awaitable<Opened> {
  return openFrom(scope, tokens, 0, undefined)
}

function openFrom(scope: RequestScope, tokens: PresentedToken[], place: number, last: Opened): Awaitable<Opened> {
  if (place === tokens.length) return concluded(scope, last, last)
  const presented = tokens[place]
  const opening = scope.config.hasStore ? openInStore(scope, presented, tokens) : openCookie(scope, presented)
  return andThen(opening, (opened) =>
    opened?.stored ? concluded(scope, last, opened) : openFrom(scope, tokens, place + 1, firstOf(last, opened)),
  )
}

/** What the first token led to that was rotated away just now; and the first that has come back after it was replaced. */
function firstOf(one: Opened, other: Opened): Opened {
  if (!one || !other || one.stored || other.stored) return one ?? other
  return { superseded: one.superseded ?? other.superseded, replay: one.replay ?? other.replay }
}

/** Judges a copy that came before what was opened, or where nothing was: a session beside it hides none. */
function concluded(scope: RequestScope, before: Opened, opened: Opened): Awaitable<Opened> {
  const replay = before && !before.stored ? before.replay : undefined
  if (!replay || opened?.stored?.id === replay.token.id) return opened
  return concludeReplay(scope, replay).then(() => opened)
}

function openCookie(scope: RequestScope, presented: PresentedToken): Awaitable<Opened> {
  return andThen(decoded(scope, presented.token), (loaded) => {
    if (loaded) return accept(scope, undefined, loaded, presented)
    if (loaded === undefined) return miss(scope, presented, undefined, 'malformed')
    scope.noteRefusal(presented.token, 'malformed')
    return undefined
  })
}

/** @throws what `decode` throws; it is known from then on that the cookie, and nothing else, is the cause */
function decoded(scope: RequestScope, token: string): Awaitable<Versioned | null | undefined> {
  try {
    return scope.load(token)
  } catch (error) {
    scope.noteRefusal(token, 'failed')
    throw error
  }
}

function openInStore(scope: RequestScope, presented: PresentedToken, all: PresentedToken[]): Awaitable<Opened> {
  const token = parseToken(presented.token)
  if (!token) return miss(scope, presented, undefined, 'malformed')
  return andThen(scope.load(token.id, token), (loaded) => {
    if (loaded && all.length > 1) {
      const [best, its] = newestOf(scope, [token, presented], accessOf(loaded.record), all)
      return judgeToken(scope, best, loaded, its)
    }
    return judgeToken(scope, token, loaded, presented)
  })
}

/** Of several tokens for a record whose token changes, the newest counts: an old cookie of another path does no harm. */
function newestOf(
  scope: RequestScope,
  first: [Token, PresentedToken],
  access: Access,
  all: PresentedToken[],
): [Token, PresentedToken] {
  if (!access.succession) return first
  const rankOf = (token: Token): number => {
    const status = rotatingStatusOf(token, access, presentingOf(scope))
    return 'opening' in status && status.opening ? PLACES.indexOf(status.opening.place) : PLACES.length
  }
  const others = all.flatMap((presented): [Token, PresentedToken][] => {
    const token = parseToken(presented.token)
    return token?.id === first[0].id ? [[token, presented]] : []
  })
  return [first, ...others].reduce((best, other) => (rankOf(other[0]) < rankOf(best[0]) ? other : best))
}

function judgeToken(
  scope: RequestScope,
  token: Token,
  loaded: Versioned | null | undefined,
  presented: PresentedToken,
): Awaitable<Opened> {
  if (!loaded) return miss(scope, presented, token, loaded === null ? 'malformed' : 'unknown-id')
  const access = accessOf(loaded.record)
  const standing: RotatingStatus = access.succession
    ? rotatingStatusOf(token, access, presentingOf(scope))
    : tokenStatusOf(token, access, Date.now())
  if (standing.name === 'current') return accept(scope, token, loaded, presented, standing.opening)
  if (loaded.isCached) return openPastCache(scope, token, presented, standing)
  return supersede(scope, token, presented, loaded, standing)
}

/** The cache may be older than the token. */
function openPastCache(
  scope: RequestScope,
  token: Token,
  presented: PresentedToken,
  standing: RotatingStatus,
): Awaitable<Opened> {
  const context = { ...scope.storeContext, doubt: fingerprint(token.text) }
  return andThen(scope.backend.load(token.id, context), (loaded) =>
    loaded?.isCached
      ? supersede(scope, token, presented, loaded, standing)
      : judgeToken(scope, token, loaded, presented),
  )
}

function supersede(
  scope: RequestScope,
  token: Token,
  presented: PresentedToken,
  loaded: Versioned,
  standing: RotatingStatus,
): Opened {
  miss(scope, presented, token, refusalOf(token, accessOf(loaded.record)))
  if (standing.name === 'replay') {
    return isReplay(scope, token, loaded) ? { superseded: undefined, replay: { token, loaded } } : undefined
  }
  if (standing.name !== 'late' || isExpired(loaded.record, scope.policyOf(loaded.record), Date.now())) return undefined
  const owner = ownerIfKnown(scope, loaded.record)
  return { superseded: { id: token.id, generation: standing.generation, owner, loaded } }
}

function miss(scope: RequestScope, presented: PresentedToken, token: Token | undefined, fate: CookieFate): undefined {
  scope.noteRefusal(presented.token, fate)
  return void reject(scope, 'missed', token?.id, undefined)
}

function accept(
  scope: RequestScope,
  token: Token | undefined,
  loaded: Versioned,
  presented: PresentedToken,
  opening?: Opening,
): Awaitable<Opened> {
  const { record } = loaded
  const policy = scope.policyOf(record)
  if (isExpired(record, policy, Date.now())) return expire(scope, token, loaded, presented)
  // A cookie without any time in it would be accepted for ever; what rests in a store is forgotten in time.
  if (!token && isUnbounded(record, policy)) return expire(scope, token, loaded, presented)
  const read = storedFrom(scope, token?.id, loaded, token ? presented.token : undefined)
  const stored = withOpening(scope, read, opening)
  if (!isProven(scope, stored, presented)) return void scope.noteRefusal(presented.token, 'unproven-device')
  const { ends } = scope.config
  const found = { stored, record, presented }
  const judging = ends && stored.origin && ends.judge(stored.origin, { owner: stored.snapshot.owner, data: record })
  if (judging === undefined || judging === 'good') return validate(scope, token, found)
  return andThen(judging, (verdict) => {
    if (verdict === 'good') return validate(scope, token, found)
    const refuse = (): undefined => {
      noteVoid(scope, presented.token, record, token?.id, verdict)
      return void reject(scope, 'missed', token?.id, undefined)
    }
    if (!token) return refuse()
    return andThen(removeVoid(scope, token.id, loaded, verdict), (isRemoved) => {
      if (isRemoved) return refuse()
      // Where another session has begun in its place meanwhile, that is judged.
      return andThen(scope.load(token.id), (again) => {
        const isAnother = again && again.record._since !== record._since
        return isAnother ? judgeToken(scope, token, again, presented) : refuse()
      })
    })
  })
}

/** Asks the application. */
function validate(
  scope: RequestScope,
  token: Token | undefined,
  found: Exclude<Opened, undefined> & { stored: Stored },
): Awaitable<Opened> {
  const { record, presented } = found
  if (!scope.settings.valid) return found
  return andThen(isValid(scope, record), (isAccepted) => {
    if (isAccepted) return found
    scope.noteRefusal(presented.token, 'invalid')
    reject(scope, 'invalid', token?.id, record)
    return undefined
  })
}

/** A record that is bound to a device opens with what its device has proven, and not at all where nothing asks for that. */
function isProven(scope: RequestScope, stored: Stored, { token }: PresentedToken): boolean {
  const { binding } = scope.config
  return binding ? binding.accepts(scope.ctx, bindable(stored), token) : stored.access.device === undefined
}

/** How it is told that a time is past. */
const FATES: Readonly<Record<Bound, CookieFate>> = { maxAge: 'expired', idle: 'idle', absolute: 'too-old' }

/** Ends what was read, and that alone: where another request has renewed it meanwhile, it lives. */
function expire(
  scope: RequestScope,
  token: Token | undefined,
  loaded: Versioned,
  presented: PresentedToken,
): Awaitable<Opened> {
  const { record } = loaded
  const bound = passedBoundOf(record, scope.policyOf(record), Date.now())
  const refuse = (): undefined => {
    scope.noteRefusal(presented.token, FATES[bound])
    return void reject(scope, 'expired', token?.id, record)
  }
  if (!token) return refuse()
  const removing = scope.backend.remove(token.id, scope.storeContext, readAtOf(loaded))
  return andThen(removing, (removed) => {
    if (removed) {
      refuse()
      scope.reportEnd(token.id, ownerIfKnown(scope, record), bound)
      return undefined
    }
    return andThen(scope.load(token.id), (again) => {
      const isRenewed = again && !isExpired(again.record, scope.policyOf(again.record), Date.now())
      return isRenewed ? judgeToken(scope, token, again, presented) : refuse()
    })
  })
}
