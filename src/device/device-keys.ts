import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto'
import type { Context } from 'koa'
import { SessionError } from '../base/errors'
import { deriveKey, seal, unseal } from '../codecs/sealing'

/** The keys that are derived from one secret, each for one purpose. */
interface Derived {
  readonly mac: KeyObject
  readonly seal: KeyObject
}

/** How many secrets' keys are kept: `app.keys` may change while the app runs. */
const MAX_DERIVED = 32
/** How long a secret is at least, in bytes. */
export const MIN_SECRET_BYTES = 32
const NOTHING = Buffer.alloc(0)

/** Authenticates and seals what the browser hands back: the first secret does, all of them are good. */
export class DeviceKeys {
  readonly #name: string
  readonly #secrets: readonly (string | Uint8Array)[] | undefined
  readonly #derived = new Map<string, Derived>()

  /**
   * @param name the session's cookie: what is made for one session counts for no other
   * @param secrets where they are not those of the app
   */
  constructor(name: string, secrets: readonly (string | Uint8Array)[] | undefined) {
    this.#name = name
    this.#secrets = secrets
  }

  /** @throws {SessionError} where there are no secrets, or one that could be guessed */
  check({ app }: Context): void {
    const secrets: unknown = this.#secrets ?? app.keys
    // A Keygrip tells its secrets to nobody.
    if (!Array.isArray(secrets) || secrets.length === 0) throw missingKeys()
    if (!secrets.every(isLongSecret)) throw shortKeys()
  }

  /** The MAC of a text: HMAC-SHA256 in base64url. */
  sign(ctx: Context, text: string): string {
    return mac(this.#all(ctx)[0], text).toString('base64url')
  }

  verify(ctx: Context, text: string, signature: string): boolean {
    const given = Buffer.from(signature, 'base64url')
    if (given.toString('base64url') !== signature) return false
    return this.#all(ctx).some((keys) => {
      const expected = mac(keys, text)
      return given.length === expected.length && timingSafeEqual(given, expected)
    })
  }

  seal(ctx: Context, text: string): string {
    return seal(this.#all(ctx)[0].seal, Buffer.from(text), NOTHING).toString('base64url')
  }

  /** Returns undefined for what was not sealed here, or is spelled otherwise than it was. */
  open(ctx: Context, sealed: string): string | undefined {
    const bytes = Buffer.from(sealed, 'base64url')
    if (bytes.toString('base64url') !== sealed) return undefined
    for (const keys of this.#all(ctx)) {
      const plain = unseal(keys.seal, bytes, NOTHING)
      if (plain) return plain.toString()
    }
    return undefined
  }

  #all(ctx: Context): readonly Derived[] {
    this.check(ctx)
    const secrets = this.#secrets ?? (ctx.app.keys as readonly (string | Uint8Array)[])
    return secrets.map((secret) => this.#keysOf(secret))
  }

  #keysOf(secret: string | Uint8Array): Derived {
    const bytes = Buffer.from(secret)
    const place = bytes.toString('base64')
    const known = this.#derived.get(place)
    if (known) return known
    if (this.#derived.size >= MAX_DERIVED) this.#derived.clear()
    const key = (purpose: string): KeyObject =>
      createSecretKey(deriveKey(bytes, `koa-session-service device ${purpose} ${this.#name}`))
    const derived = { mac: key('mac'), seal: key('seal') }
    this.#derived.set(place, derived)
    return derived
  }
}

function mac(keys: Derived, text: string): Buffer {
  return createHmac('sha256', keys.mac).update(text).digest()
}

/** Whether a value is a secret that is long enough: what is made with it goes to the browser, and can be tried there. */
export function isLongSecret(value: unknown): boolean {
  if (typeof value === 'string') return value.length >= MIN_SECRET_BYTES || Buffer.byteLength(value) >= MIN_SECRET_BYTES
  return value instanceof Uint8Array && value.length >= MIN_SECRET_BYTES
}

function shortKeys(): SessionError {
  return new SessionError(
    'ERR_SESSION_OPTIONS',
    `deviceBound() takes its secrets from app.keys, and one of them is shorter than ${MIN_SECRET_BYTES} bytes. Make one ` +
      'with "openssl rand -base64 48", or pass secrets to deviceBound({ keys }).',
  )
}

function missingKeys(): SessionError {
  return new SessionError(
    'ERR_SESSION_KEYS_MISSING',
    'deviceBound() takes its secrets from app.keys, and that is no list of secrets. Set app.keys before the first request, ' +
      'or pass deviceBound({ keys: ["at least 32 bytes of secret, from the environment"] }).',
  )
}
