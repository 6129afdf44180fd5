import { createSecretKey, type KeyObject } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { Codec, TextCodec } from '../contracts/codec'
import type { Serializer } from '../session/serializer'
import { SessionError } from '../base/errors'
import { isRecord, type SessionRecord } from '../session/record'
import { isNestedTooDeep, isTooDeep, tooDeep } from './nesting'
import { checkSerializer } from './serializer-check'
import { deriveKey, seal, unseal } from './sealing'

const MIN_KEY_LENGTH = 32
const KEY_TAG_LENGTH = 4
/** Version, flags and key tag: in clear, and authenticated. */
const HEADER_LENGTH = 2 + KEY_TAG_LENGTH
const VERSION = 1
const COMPRESSED = 1
/** No cookie can hold more than this when it is inflated, in bytes: what a client sends is bounded before it is parsed. */
const MAX_INFLATED = 256 * 1024

/** What {@link sealed} takes. */
export interface SealedOptions {
  /** Secrets of at least 32 bytes, as text or bytes: the first one seals, all of them open. */
  keys: readonly (string | Uint8Array)[]
  /**
   * Compresses records of more than this many bytes. Off by default: where a visitor can choose a part of the data and
   * watch the cookie's length, compression tells something of the rest (the CRIME attack).
   */
  compressAbove?: number
  /** How a record becomes text. Default: JSON. */
  serializer?: Serializer
}

/**
 * Seals cookies: their holder can neither read nor change the session.
 *
 * AES-256-GCM under a key derived with HKDF for this purpose and this cookie's name, with a fresh nonce each time. To
 * rotate, put a new key in front, and drop the old one when sessions under it have expired; do so before 2^32 cookies.
 *
 * @example
 * app.use(session({ codec: sealed({ keys: ['at least 32 bytes of secret, from the environment'] }) }, app))
 *
 * @throws {SessionError} `ERR_SESSION_OPTIONS` for no keys, or one shorter than 32 bytes, or another option that cannot be
 */
export function sealed(options: SealedOptions): Codec {
  return new SealedCodec(options)
}

interface NamedKey {
  tag: Buffer
  key: KeyObject
}

/** The format: base64url of version, flags, the key's tag, and the sealed JSON. */
class SealedCodec implements TextCodec {
  readonly isSelfAuthenticating = true
  readonly serializer: Serializer
  readonly #secrets: readonly Buffer[]
  readonly #compressAbove: number
  readonly #keysByName = new Map<string, readonly NamedKey[]>()

  constructor(options: SealedOptions) {
    // From JavaScript anything can come, nothing at all included.
    const { keys, compressAbove, serializer } = (options ?? {}) as Partial<SealedOptions>
    this.#secrets = checkKeys(keys)
    this.#compressAbove = checkThreshold(compressAbove ?? Infinity)
    this.serializer = checkSerializer(serializer ?? JSON, 'sealed({ keys, serializer })')
  }

  wrap(text: string, name: string): string {
    // What could not be read back is refused here; of another serializer's text, the brackets say nothing.
    if (this.serializer === JSON && isNestedTooDeep(text)) throw tooDeep()
    const { tag, key } = this.#keys(name)[0]
    const plain = Buffer.from(text)
    const isLong = plain.length > this.#compressAbove
    if (isLong && plain.length > MAX_INFLATED) throw tooLong(plain.length)
    const header = Buffer.concat([Buffer.from([VERSION, isLong ? COMPRESSED : 0]), tag])
    const body = seal(key, isLong ? deflateRawSync(plain) : plain, context(header, name))
    return Buffer.concat([header, body]).toString('base64url')
  }

  unwrap(token: string, name: string): string | undefined {
    const text = this.#open(token, name)
    return text === undefined || isNestedTooDeep(text) ? undefined : text
  }

  encode(record: SessionRecord, name: string): string {
    if (isTooDeep(record)) throw tooDeep()
    return this.wrap(this.serializer.stringify(record), name)
  }

  decode(token: string, name: string): SessionRecord | undefined {
    const text = this.#open(token, name)
    try {
      const record: unknown = text === undefined ? undefined : this.serializer.parse(text)
      return isRecord(record) && !isTooDeep(record) ? record : undefined
    } catch {
      return undefined
    }
  }

  #open(token: string, name: string): string | undefined {
    const bytes = Buffer.from(token, 'base64url')
    if (bytes[0] !== VERSION) return undefined
    const header = bytes.subarray(0, HEADER_LENGTH)
    const known = this.#keys(name).find(({ tag }) => tag.equals(header.subarray(2)))
    const plain = known && unseal(known.key, bytes.subarray(HEADER_LENGTH), context(header, name))
    // Node's decoder passes over characters that are not base64url, and over spare bits: only one text is the right one.
    if (!plain || bytes.toString('base64url') !== token) return undefined
    return openedText(plain, header[1] === COMPRESSED)
  }

  #keys(name: string): readonly NamedKey[] {
    let keys = this.#keysByName.get(name)
    if (!keys) {
      keys = this.#secrets.map((secret) => ({
        key: createSecretKey(deriveKey(secret, `koa-session-service sealed cookie ${name}`)),
        tag: deriveKey(secret, 'koa-session-service key tag').subarray(0, KEY_TAG_LENGTH),
      }))
      this.#keysByName.set(name, keys)
    }
    return keys
  }
}

function checkKeys(keys: unknown): Buffer[] {
  const secrets = Array.isArray(keys) ? keys.map(toBytes) : []
  if (secrets.length > 0 && secrets.every((secret) => secret !== undefined)) return secrets
  throw new SessionError(
    'ERR_SESSION_OPTIONS',
    `sealed({ keys }) takes a list of secrets of at least ${MIN_KEY_LENGTH} bytes each. Make one with ` +
      '"openssl rand -base64 48", and keep it out of the source.',
  )
}

function checkThreshold(compressAbove: unknown): number {
  if (typeof compressAbove === 'number' && compressAbove >= 0) return compressAbove
  throw new SessionError(
    'ERR_SESSION_OPTIONS',
    'sealed({ keys, compressAbove }) takes a number of bytes. Leave it out for cookies that are not compressed.',
  )
}

function toBytes(key: unknown): Buffer | undefined {
  if (typeof key !== 'string' && !(key instanceof Uint8Array)) return undefined
  const bytes = Buffer.from(key)
  return bytes.length >= MIN_KEY_LENGTH ? bytes : undefined
}

/** What is authenticated along with the data: the cookie's name keeps one cookie from standing in for another. */
function context(header: Buffer, name: string): Buffer {
  return Buffer.concat([header, Buffer.from(name)])
}

function tooLong(length: number): SessionError {
  return new SessionError(
    'ERR_SESSION_COOKIE_TOO_LARGE',
    `The session is ${length} bytes long, and a sealed cookie takes ${MAX_INFLATED} before it is compressed. Keep less in ` +
      'the session, or keep it in a store: session({ store }, app).',
  )
}

function openedText(plain: Buffer, isCompressed: boolean): string | undefined {
  try {
    return (isCompressed ? inflateRawSync(plain, { maxOutputLength: MAX_INFLATED }) : plain).toString()
  } catch {
    return undefined
  }
}
