import type { ConditionalStore, SessionRecord, Versioned, WriteOutcome } from 'koa-session-service'

/** A store as somebody else may write one: numbers for revisions, copies of the records, and nothing beyond conditional writes. */
export class RevisionStore implements ConditionalStore {
  readonly #rows = new Map<string, { text: string; revision: number }>()
  #writes = 0

  /** Reads a record at once. */
  peek(key: string): SessionRecord | undefined {
    const row = this.#rows.get(key)
    return row && (JSON.parse(row.text) as SessionRecord)
  }

  async get(key: string): Promise<SessionRecord | undefined> {
    const record = (await this.read(key))?.record
    return record?._secret === undefined ? record : undefined
  }

  async read(key: string): Promise<Versioned | undefined> {
    const row = this.#rows.get(key)
    return row && { record: JSON.parse(row.text) as SessionRecord, revision: row.revision }
  }

  async set(key: string, record: SessionRecord): Promise<void> {
    this.#write(key, record)
  }

  async create(key: string, record: SessionRecord): Promise<{ revision: number } | undefined> {
    return this.#rows.has(key) ? undefined : { revision: this.#write(key, record) }
  }

  async replace(key: string, record: SessionRecord, _maxAge: number, revision: unknown): Promise<WriteOutcome> {
    const row = this.#rows.get(key)
    if (!row) return { outcome: 'missing' }
    if (row.revision !== revision) return { outcome: 'conflict' }
    return { outcome: 'written', revision: this.#write(key, record) }
  }

  async destroy(key: string, { at }: Parameters<ConditionalStore['destroy']>[1]): Promise<boolean> {
    if (at && this.#rows.get(key)?.revision !== at.revision) return false
    return this.#rows.delete(key)
  }

  #write(key: string, record: SessionRecord): number {
    this.#rows.set(key, { text: JSON.stringify(record), revision: ++this.#writes })
    return this.#writes
  }
}
