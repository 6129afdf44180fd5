import type { Backend, Loaded, Write, WriteResult } from '../contracts/backend'
import type { Codec } from '../contracts/codec'
import type { Serializer } from '../contracts/serializer'
import { hasLifetime } from '../record'

/** Keeps the record in the text that the client holds. */
export class CookieBackend implements Backend {
  readonly #codec: Codec
  readonly #name: string

  constructor(codec: Codec, name: string) {
    this.#codec = codec
    this.#name = name
  }

  get serializer(): Serializer {
    return this.#codec.serializer ?? JSON
  }

  load(token: string): Loaded | null | undefined {
    const record = this.#codec.decode(token, this.#name)
    if (record === null) return null
    return record && hasLifetime(record) ? { record } : undefined
  }

  write({ record }: Write): WriteResult {
    return { outcome: 'written', token: this.#codec.encode(record, this.#name), revision: undefined }
  }

  /** What the client holds is replaced or cleared in the response: there is nothing else to remove. */
  remove(): boolean {
    return true
  }

  leave(): 'left' {
    return 'left'
  }
}
