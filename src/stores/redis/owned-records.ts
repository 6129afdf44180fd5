import type { OwnedChoice, OwnedRecord } from '../../contracts/store'
import { withoutAccess } from '../../session/access'
import type { RecordText } from '../record-text'
import type { IndexEntry, OwnerIndex } from './owner-index'
import { DESTROY_OWNED } from './record-scripts'
import type { Send } from './redis-client'
import { isPast, markOf, ownerIn, timeIn } from './redis-fields'
import { partsOf, readValue } from './redis-value'

/** How many rounds of an owner's sessions are ended before those that are made meanwhile are left alone. */
const MAX_ROUNDS = 16

/** What the records of owners are found and ended with. */
interface Parts {
  readonly send: Send
  readonly write: Send
  /** What the keys of records begin with. */
  readonly prefix: string
  readonly index: OwnerIndex
  readonly parse: RecordText['parse']
}

/** The records of owners. An index alone is not trusted: each record says whose it is. */
export class OwnedRecords {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  async list(owner: string): Promise<OwnedRecord[]> {
    const entries = await this.#parts.index.list(owner)
    const records = await Promise.all(entries.map(async (entry) => this.#read(owner, entry)))
    return records.filter((found) => found !== undefined)
  }

  async destroy(owner: string, { except, only, at }: OwnedChoice = {}): Promise<number> {
    if (only !== undefined) return Number(await this.#destroyOnly(owner, only, at))
    const { index } = this.#parts
    const seen = new Set<string>()
    let count = 0
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const entries = (await index.list(owner)).filter(({ key, score }) => key !== except && !seen.has(key + score))
      if (entries.length === 0) break
      const ended = await Promise.all(entries.map(async (entry) => this.#destroyListed(owner, entry)))
      count += ended.filter(Boolean).length
      for (const { key, score } of entries) seen.add(key + score)
    }
    return count
  }

  async #read(owner: string, entry: IndexEntry): Promise<OwnedRecord | undefined> {
    const { send, prefix, index, parse } = this.#parts
    const value = await readValue(send, prefix + entry.key)
    if (!value || ownerIn(partsOf(value.revision)[1]) !== owner) return void (await index.removeLost(owner, entry))
    const { text, expire, revision } = value
    const found = parse(text, expire)
    return found && !isPast(expire) ? { key: entry.key, record: withoutAccess(found.record), revision } : undefined
  }

  /** Returns whether it ended a session that had not expired. */
  async #destroyListed(owner: string, entry: IndexEntry): Promise<boolean> {
    const { write, prefix, index } = this.#parts
    const expire = await DESTROY_OWNED.run(write, prefix + entry.key, markOf(owner))
    if (typeof expire !== 'string') {
      await index.removeLost(owner, entry)
      return false
    }
    await index.remove(owner, entry)
    return !isPast(timeIn(expire))
  }

  async #destroyOnly(owner: string, key: string, at: OwnedChoice['at']): Promise<boolean> {
    const { write, prefix, index } = this.#parts
    const revision = at ? [partsOf(at.revision)[0]] : []
    const expire = await DESTROY_OWNED.run(write, prefix + key, markOf(owner), ...revision)
    if (typeof expire !== 'string') return false
    await index.removeOf(owner, key)
    return !isPast(timeIn(expire))
  }
}
