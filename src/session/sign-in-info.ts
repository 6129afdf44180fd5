import type { RecordLifetime } from './record'

/** Describes a device to its owner, such as `{ ip, userAgent }`: plain data, returned by the option `device`. */
export type DeviceInfo = Readonly<Record<string, unknown>>

/** When somebody proved who they are, in milliseconds since 1970, and by what. */
export type Confirmation = readonly [at: number, method?: string]

/** What the store said when an owner came to a session, by its own clock: it does not matter how those of processes differ. */
export interface SignInOrder {
  /** When that was, in milliseconds: all processes put sign-ins into one order by it. */
  readonly order: number
  /** The owner's last mark that there was: a later one ends the session. */
  readonly mark: number | undefined
}

/** When an owner came to a session. */
export interface SignIn extends SignInOrder {
  /** Milliseconds since 1970. */
  readonly at: number
}

/**
 * How its owner uses a session. It rests in the record, under keys that no data can have:
 *
 * | key | what |
 * | --- | --- |
 * | `_owned` | `[order, at, mark]` of the sign-in; without the mark where there was none |
 * | `_confirmed` | `[at, method]`: when the owner last proved who they are |
 * | `_seen` | when the session was last used, to within the option `seenEvery` |
 * | `_seenBy` | what the option `device` said then |
 */
export interface SignInInfo {
  readonly signIn: SignIn | undefined
  readonly confirmed: Confirmation | undefined
  readonly seen: number | undefined
  readonly device: DeviceInfo | undefined
}

/** The fields of a record that hold its {@link SignInInfo}. */
export type SignInFields = Pick<RecordLifetime, '_owned' | '_confirmed' | '_seen' | '_seenBy'>

export const NO_SIGN_IN: SignInInfo = Object.freeze({
  signIn: undefined,
  confirmed: undefined,
  seen: undefined,
  device: undefined,
})

export function signInInfoOf({ _owned, _confirmed, _seen, _seenBy }: RecordLifetime): SignInInfo {
  if (_owned === undefined && _confirmed === undefined && _seen === undefined) return NO_SIGN_IN
  return {
    signIn: areNumbers(_owned) ? { order: _owned[0], at: _owned[1], mark: _owned[2] } : undefined,
    confirmed: isConfirmation(_confirmed) ? _confirmed : undefined,
    seen: typeof _seen === 'number' ? _seen : undefined,
    device: typeof _seenBy === 'object' && _seenBy !== null ? _seenBy : undefined,
  }
}

/** The fields to write into a record; those without a value are left out. */
export function signInFields({ signIn, confirmed, seen, device }: SignInInfo): SignInFields {
  const fields: SignInFields = {}
  if (signIn) fields._owned = ownedField(signIn)
  if (confirmed) fields._confirmed = confirmed
  if (seen !== undefined) fields._seen = seen
  if (device) fields._seenBy = device
  return fields
}

function ownedField({ order, at, mark }: SignIn): SignInFields['_owned'] {
  return mark === undefined ? [order, at] : [order, at, mark]
}

/** What a write makes of a signInInfo. */
export interface SignInChange {
  /** The account that the session belongs to from now on. */
  readonly owner: string | undefined
  /** It belonged to somebody else, or to nobody. */
  readonly isSignIn: boolean
  /** The owner has proved who they are, by a method that may have a name. */
  readonly confirms: { method: string | undefined } | undefined
  /** Nobody says whose it is, and a generation has begun. */
  readonly isNewGeneration: boolean
  /** What the store said at a sign-in; undefined where nobody signs in, or nobody can list an owner's sessions. */
  readonly order: SignInOrder | undefined
  /** What is seen now of who uses it; undefined where nobody can list an owner's sessions. */
  readonly seen: { device: DeviceInfo | undefined } | undefined
  readonly now: number
}

/** The signInInfo after a write. A change of the owner is a proof of who they are. */
export function nextSignInInfo(before: SignInInfo, change: SignInChange): SignInInfo {
  const { owner, isSignIn, confirms, isNewGeneration, order, seen, now } = change
  const proof: Confirmation | undefined = confirms && (confirms.method === undefined ? [now] : [now, confirms.method])
  if (owner === undefined) {
    if (proof) return { ...NO_SIGN_IN, confirmed: proof }
    return isSignIn || isNewGeneration || !before.confirmed
      ? NO_SIGN_IN
      : { ...NO_SIGN_IN, confirmed: before.confirmed }
  }
  const at = isSignIn ? now : (before.signIn?.at ?? now)
  return {
    signIn: order === undefined ? (isSignIn ? undefined : before.signIn) : { ...order, at },
    confirmed: proof ?? (isSignIn ? [now] : before.confirmed),
    seen: seen ? now : undefined,
    device: seen?.device,
  }
}

function areNumbers(value: unknown): value is readonly [number, number, number?] {
  return Array.isArray(value) && [2, 3].includes(value.length) && value.every((each) => typeof each === 'number')
}

function isConfirmation(value: unknown): value is Confirmation {
  return Array.isArray(value) && typeof value[0] === 'number' && ['undefined', 'string'].includes(typeof value[1])
}
