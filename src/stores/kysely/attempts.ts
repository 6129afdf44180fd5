import { retry } from '../../base/retry'
import { explained, gaveWay } from './sql-errors'

/** Sends statements, and knows how the databases say that another transaction was first. */
export class Attempts {
  readonly #table: string
  #count = 0

  /** @param table named in the error of a table that is missing */
  constructor(table: string) {
    this.#table = table
  }

  /** How many statements were sent. */
  get count(): number {
    return this.#count
  }

  /** Sends a statement once; undefined where another transaction was first. */
  async once<T extends object | number | boolean>(work: () => Promise<T>): Promise<T | undefined> {
    this.#count++
    try {
      return await work()
    } catch (error) {
      if (gaveWay(error)) return undefined
      throw explained(error, this.#table)
    }
  }

  /** Sends a statement, which returns something, until no other transaction is first. */
  async insist<T extends object | number | boolean>(work: () => Promise<T>): Promise<T> {
    return (await this.once(work)) ?? retry(async () => this.once(work))
  }
}
