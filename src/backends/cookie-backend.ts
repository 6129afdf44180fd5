import type { Backend, Loaded, Write, WriteResult } from '../contracts/backend'
import type { Codec } from '../contracts/codec'
import { hasLifetime } from '../record'

/** Keeps the record in the text that the client holds. */
export class CookieBackend implements Backend {
  readonly hasIds = false
  readonly #codec: Codec

  constructor(codec: Codec) {
    this.#codec = codec
  }

  load(token: string): Loaded | undefined {
    const record = this.#codec.decode(token)
    return record && hasLifetime(record) ? { record } : undefined
  }

  write({ record }: Write): WriteResult {
    return { outcome: 'written', token: this.#codec.encode(record), revision: undefined }
  }

  remove(): boolean {
    return true
  }
}
