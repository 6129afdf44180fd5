/**
 * How data becomes text and back. The default is JSON; another one can carry Date, Map, Set and BigInt.
 *
 * @example
 * import { deserialize, serialize } from '@ungap/structured-clone'
 * const serializer = {
 *   stringify: (value: unknown) => JSON.stringify(serialize(value)),
 *   parse: (text: string): unknown => deserialize(JSON.parse(text)),
 * }
 * const store = new MemoryStore({ serializer })
 */
export interface Serializer {
  /** Throws for a value that it cannot carry. */
  stringify(value: unknown): string
  /** Throws on text that it did not produce. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as JSON.parse
  parse(text: string): any
}
