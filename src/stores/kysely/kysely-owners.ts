import type { OwnedChoice, OwnedRecord, OwnerMark } from '../../contracts/store'
import { withoutAccess } from '../../session/access'
import { checkOwner } from '../checks'
import type { RecordText } from '../record-text'
import type { Attempts } from './attempts'
import type { KyselyEnds } from './kysely-ends'
import type { KyselyOwnerMarks } from './kysely-owner-marks'
import type { sessionStatements } from './kysely-statements'
import type { SessionTable } from './kysely-table'

/** What the records of owners are found and ended with. */
interface Parts {
  readonly statements: ReturnType<typeof sessionStatements>
  readonly marks: KyselyOwnerMarks
  readonly ends: KyselyEnds
  readonly attempts: Attempts
  readonly parse: (row: SessionTable) => ReturnType<RecordText['parse']>
  /** A text as the database compares it by every character. */
  readonly bytes: (text: string) => string | Buffer
}

/** The records of owners in a table, and the owners' marks beside it. */
export class KyselyOwners {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  async list(owner: string): Promise<OwnedRecord[]> {
    const { statements, attempts, parse, bytes } = this.#parts
    const values = { owner: bytes(checkOwner(owner)), now: Date.now() }
    const rows = await attempts.insist(async () => statements.list.rows<SessionTable>(values))
    return rows.flatMap((row) => {
      const found = parse(row)
      return found ? [{ key: String(row.id), record: withoutAccess(found.record), revision: row.revision }] : []
    })
  }

  /** Where all are meant, what has expired goes too, uncounted: the clock of another process may be behind. */
  async destroy(owner: string, { except = '', only, at }: OwnedChoice = {}): Promise<number> {
    const { statements, attempts, bytes } = this.#parts
    const { destroyExpiredOf, destroyOf, destroyOnly, destroyOnlyAt } = statements
    const values = { owner: bytes(checkOwner(owner)), except: bytes(except), now: Date.now() }
    if (only !== undefined) {
      const statement = at ? destroyOnlyAt : destroyOnly
      return attempts.insist(async () => statement.run({ ...values, only: bytes(only), base: at?.revision }))
    }
    await attempts.insist(async () => destroyExpiredOf.run(values))
    return attempts.insist(async () => destroyOf.run(values))
  }

  async readMark(owner: string): Promise<OwnerMark> {
    const { marks, attempts, bytes } = this.#parts
    const name = bytes(checkOwner(owner))
    return attempts.insist(async () => marks.read(name))
  }

  async setMark(owner: string): Promise<void> {
    const { marks, attempts, bytes } = this.#parts
    const name = bytes(checkOwner(owner))
    await attempts.insist(async () => marks.set(name))
  }

  /** Forgets marks and ends that nobody needs. */
  async forget(): Promise<void> {
    const { marks, ends, attempts } = this.#parts
    await attempts.insist(async () => marks.forget())
    await ends.forget()
  }
}
