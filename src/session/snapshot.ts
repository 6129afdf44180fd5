import type { Serializer } from './serializer'
import { SessionError } from '../base/errors'
import {
  dataOf,
  hasSamePolicy,
  isWithLifetime,
  type Dictionary,
  type LifetimePolicy,
  type RecordLifetime,
  type SessionRecord,
} from './record'

/** A session's data at one moment, and their text. */
export interface Content {
  readonly data: Dictionary
  readonly text: string
}

/** @throws {SessionError} `ERR_SESSION_NOT_SERIALIZABLE`, which names the key */
export function contentOf(data: Dictionary, serializer: Serializer): Content {
  return { data, text: serialize(data, serializer) }
}

/** Copies data as its serializer does. */
export function copy(data: Dictionary, serializer: Serializer): Dictionary {
  return serializer.parse(serialize(data, serializer)) as Dictionary
}

/** A session's data as they are at rest: what changes are measured against. */
export class Snapshot {
  readonly #serializer: Serializer
  /** The JSON of the record, where that is what was read: comparing with it saves one serializing. */
  readonly #recordText: string | undefined
  readonly #text: string | undefined
  /** Any key is a change, also one that no text shows. */
  #isEmptied = false

  private constructor(
    serializer: Serializer,
    /** What the record says of its lifetime. */
    readonly lifetime: RecordLifetime,
    /** The account that the data belong to. */
    readonly owner: string | undefined,
    text: string | undefined,
    recordText: string | undefined,
  ) {
    this.#serializer = serializer
    this.#text = text
    this.#recordText = recordText
  }

  /** @param recordText the record's JSON, where it rests as that */
  static ofRecord(
    record: SessionRecord,
    owner: string | undefined,
    serializer: Serializer,
    recordText?: string,
  ): Snapshot {
    const text = recordText === undefined ? serialize(dataOf(record), serializer) : undefined
    return new Snapshot(serializer, record, owner, text, recordText)
  }

  static ofContent(
    { text }: Content,
    lifetime: RecordLifetime,
    owner: string | undefined,
    serializer: Serializer,
  ): Snapshot {
    return new Snapshot(serializer, lifetime, owner, text, undefined)
  }

  /** The same without any data. */
  emptied(): Snapshot {
    const empty = new Snapshot(this.#serializer, this.lifetime, this.owner, serialize({}, this.#serializer), undefined)
    empty.#isEmptied = true
    return empty
  }

  /** The data, copied anew. */
  get data(): Dictionary {
    if (this.#text !== undefined) return this.#serializer.parse(this.#text) as Dictionary
    return dataOf(JSON.parse(this.#recordText as string) as object)
  }

  /** Whether these data are at rest already, under the timeouts that are in force. */
  isCurrent(content: Content, policy: LifetimePolicy): boolean {
    return (this.#isEmptied || hasSamePolicy(this.lifetime, policy)) && this.holds(content)
  }

  /** Whether these data are at rest already, whatever the timeouts are. */
  holds({ data, text }: Content): boolean {
    if (this.#isEmptied) return Object.keys(data).length === 0
    if (this.#text !== undefined) return text === this.#text
    return isWithLifetime(this.#recordText as string, text, this.lifetime)
  }
}

function serialize(data: Dictionary, serializer: Serializer): string {
  try {
    return serializer.stringify(data)
  } catch (cause) {
    const key = Object.keys(data).find((candidate) => !isSerializable(data[candidate], serializer))
    throw new SessionError(
      'ERR_SESSION_NOT_SERIALIZABLE',
      `session.${key} holds a value that its serializer cannot carry: JSON, for one, takes no BigInt and no cycle. Keep ` +
        'it as text or as a number, or give the store or the codec a "serializer" that can carry it.',
      { cause },
    )
  }
}

function isSerializable(value: unknown, serializer: Serializer): boolean {
  try {
    serializer.stringify(value)
    return true
  } catch {
    return false
  }
}
