import { atOnce } from '../base/awaitable'
import { SessionError } from '../base/errors'
import type { Backend, Write, WriteResult } from '../contracts/backend'
import type { Versioned } from '../contracts/store'
import { isTextCodec, type Codec, type TextCodec } from '../contracts/codec'
import { hasLifetime, isRecord, withLifetime } from '../session/record'
import type { Serializer } from '../session/serializer'

/** Keeps the record in the text that the client holds. */
export class CookieBackend implements Backend {
  readonly serializer: Serializer
  readonly rotatesInPlace = false
  readonly #codec: Codec
  readonly #textCodec: TextCodec | undefined
  readonly #name: string

  constructor(codec: Codec, name: string) {
    this.serializer = codec.serializer ?? JSON
    this.#codec = codec
    this.#textCodec = isTextCodec(codec) ? codec : undefined
    this.#name = name
  }

  load(token: string): Versioned | null | undefined {
    if (this.#textCodec) return parse(this.#textCodec.unwrap(token, this.#name))
    const record = atOnce(this.#codec.decode(token, this.#name), codedLater)
    if (record === null) return null
    return record && hasLifetime(record) ? { record, revision: undefined } : undefined
  }

  write({ data, text, lifetime }: Write): WriteResult {
    const token = this.#textCodec
      ? this.#textCodec.wrap(withLifetime(text, lifetime), this.#name)
      : atOnce(this.#codec.encode(Object.assign(data, lifetime), this.#name), codedLater)
    return { outcome: 'written', token, revision: undefined }
  }

  /** What the client holds is replaced or cleared in the response: there is nothing else to remove. */
  remove(): boolean {
    return true
  }
}

function codedLater(): SessionError {
  return new SessionError(
    'ERR_SESSION_BAD_VALUE',
    '"encode" or "decode" of the session returned a promise. They return what they make at once; work that takes longer is for ' +
      'a "store".',
  )
}

function parse(text: string | null | undefined): Versioned | null | undefined {
  if (text === null || text === undefined) return text
  try {
    const record: unknown = JSON.parse(text)
    return isRecord(record) && hasLifetime(record) ? { record, text, revision: undefined } : undefined
  } catch {
    return null
  }
}
