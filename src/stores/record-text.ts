import { SessionError } from '../base/errors'
import type { Serializer } from '../session/serializer'
import { isRecord, type SessionRecord } from '../session/record'

/** What every store that keeps texts takes. */
export interface RecordTextOptions {
  /** How a record becomes text. Default: JSON. */
  serializer?: Serializer
  /** How long a record's text may be, in bytes. Default: no bound. */
  maxSize?: number
}

/**
 * A record as text, for a store that keeps texts: what our own stores are made with.
 *
 * `stringify` refuses what is too long; `parse` returns undefined for a text that holds no record, and puts in the time that
 * a touch has moved.
 *
 * @example
 * class TextStore implements Store {
 *   readonly #text = new RecordText({ maxSize: 64 * 1024 })
 *   readonly #texts = new Map<string, string>()
 *   get(key: string) {
 *     return this.#text.parse(this.#texts.get(key) ?? '')?.record
 *   }
 *   set(key: string, record: SessionRecord) {
 *     this.#texts.set(key, this.#text.stringify(record))
 *   }
 *   destroy(key: string) {
 *     this.#texts.delete(key)
 *   }
 * }
 */
export class RecordText {
  readonly serializer: Serializer
  readonly #maxSize: number
  readonly #passesText: boolean

  /**
   * @param texts.passesText whether a record's JSON is taken from `request.text`, and returned beside the record, so that nothing is
   *   serialized twice. Not for a store that others extend: they may change the records on their way, and then a text that
   *   comes or goes beside a record is another one's. Default: false
   */
  constructor({ serializer = JSON, maxSize = Infinity }: RecordTextOptions = {}, texts: { passesText?: boolean } = {}) {
    this.serializer = serializer
    this.#maxSize = maxSize
    this.#passesText = texts.passesText === true && serializer === JSON
  }

  /**
   * @param request may bring the record's JSON along
   * @throws {SessionError} `ERR_SESSION_RECORD_TOO_LARGE`
   */
  stringify(record: SessionRecord, request?: { text?: string }): string {
    const given = this.#passesText ? request?.text : undefined
    const text = given ?? this.serializer.stringify(record)
    const size = this.#maxSize === Infinity ? 0 : Buffer.byteLength(text)
    if (size <= this.#maxSize) return text
    throw new SessionError(
      'ERR_SESSION_RECORD_TOO_LARGE',
      `The session's record is ${size} bytes long, and the store takes ${this.#maxSize}. Keep less in the session, or ` +
        'raise the option "maxSize" of the store.',
    )
  }

  /**
   * Returns undefined for a text that holds no record; `expire` takes the place of the record's own `_expire`, and the
   * text is returned too where it is the record's JSON all the same.
   */
  parse(text: string, expire?: number): { record: SessionRecord; text?: string } | undefined {
    const record = this.#parse(text)
    if (!record) return undefined
    if (expire !== undefined && expire !== record._expire) return { record: this.#expiring(record, expire) }
    return this.#passesText ? { record, text } : { record }
  }

  /** What JSON has made is nobody else's: a copy costs more than to read a record. */
  #expiring(record: SessionRecord, expire: number): SessionRecord {
    return this.serializer === JSON ? Object.assign(record, { _expire: expire }) : { ...record, _expire: expire }
  }

  #parse(text: string): SessionRecord | undefined {
    try {
      const record: unknown = this.serializer.parse(text)
      return isRecord(record) ? record : undefined
    } catch {
      return undefined
    }
  }
}
