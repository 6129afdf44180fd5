import { createHmac } from 'node:crypto'
import { RecentMap } from '../base/recent-map'

/** What `app.keys` is: a list of secrets, the newest first, or a Keygrip. */
export type SignatureKeys = readonly string[] | Keygrip

interface Keygrip {
  sign(data: string): string
  index(data: string, signature: string): number
}

/** What a signature was found to be good for. */
interface Verified {
  value: string
  key: string
}

/** A value with a signature that fits it. */
export interface SignedValue {
  value: string
  signature: string
  /** The place of the key that has made the signature. */
  place: number
}

/** The values that have a signature, and whether no more of them can be found. */
export interface Matches {
  found: SignedValue[]
  isComplete: boolean
}

/** How many bytes the signatures take that are remembered, each with its value: those of 40,000 short cookies. */
const MAX_VERIFIED = 12_000_000
/** What one takes beside its value. */
const VERIFIED_BYTES = 150
/** How many signatures are computed where a header repeats a cookie. They are what such a request costs. */
export const MAX_COMPUTED = 12
/** What `index` of a Keygrip costs, in signatures: it compares under every key, by signing once more. */
const INDEX_COST = 2

/**
 * The signatures of one cookie, in keygrip's format: HMAC-SHA1 of `name=value` in base64url, or what a Keygrip makes.
 *
 * Those of a list of secrets that were verified are remembered, each with the whole value and with its key: one counts for
 * that value alone, and as long as its key is in the list.
 */
export class Signatures {
  readonly #name: string
  readonly #verified = new RecentMap<Verified>(MAX_VERIFIED, ({ value }) => value.length + VERIFIED_BYTES)

  constructor(name: string) {
    this.#name = name
  }

  sign(value: string, keys: SignatureKeys): string {
    return isList(keys) ? this.#hmac(value, keys[0]) : keys.sign(`${this.#name}=${value}`)
  }

  /** Returns the place of the key that has made the signature; -1 where none has. */
  indexOf(value: string, signature: string, keys: SignatureKeys): number {
    if (!isList(keys)) {
      const data = `${this.#name}=${value}`
      // keygrip's own comparison costs more than everything else here, and most cookies have the first key's signature.
      return isEqual(keys.sign(data), signature) ? 0 : keys.index(data, signature)
    }
    const verified = this.#verified.get(signature)
    const place = verified?.value === value ? keys.indexOf(verified.key) : -1
    return place === -1 ? this.#verify(value, signature, keys) : place
  }

  /** Finds the values that one of the signatures fits; computes `limit` signatures at most. */
  match(values: readonly string[], signatures: readonly string[], keys: SignatureKeys, limit = MAX_COMPUTED): Matches {
    const search: Search = { found: [], left: limit, isComplete: true }
    if (isList(keys)) this.#matchList(values, signatures, keys, search)
    else this.#matchKeygrip(values, signatures, keys, search)
    search.found.sort((one, other) => values.indexOf(one.value) - values.indexOf(other.value))
    return search
  }

  /** Each value is signed once for each key, however many signatures there are; the newest key goes first. */
  #matchList(values: readonly string[], signatures: readonly string[], keys: readonly string[], search: Search): void {
    const open = new Set(values)
    for (const signature of signatures) {
      const verified = this.#verified.get(signature)
      const place = verified ? keys.indexOf(verified.key) : -1
      if (place >= 0 && verified && open.delete(verified.value)) {
        search.found.push({ value: verified.value, signature, place })
      }
    }
    for (const [place, key] of keys.entries()) {
      for (const value of open) {
        if (!spend(search, 1)) return
        const signature = this.#hmac(value, key)
        if (!signatures.some((given) => isEqual(given, signature))) continue
        this.#remember(value, signature, key)
        search.found.push({ value, signature, place })
        open.delete(value)
      }
    }
  }

  #matchKeygrip(values: readonly string[], signatures: readonly string[], keys: Keygrip, search: Search): void {
    const open = new Set(values)
    for (const value of open) {
      if (!spend(search, 1)) return
      const expected = keys.sign(`${this.#name}=${value}`)
      const signature = signatures.find((given) => isEqual(given, expected))
      if (signature === undefined) continue
      search.found.push({ value, signature, place: 0 })
      open.delete(value)
    }
    for (const [value, signature] of nearestPairs(values, signatures)) {
      if (!open.has(value)) continue
      if (!spend(search, INDEX_COST)) return
      const place = keys.index(`${this.#name}=${value}`, signature)
      if (place < 0) continue
      search.found.push({ value, signature, place })
      open.delete(value)
    }
  }

  #remember(value: string, signature: string, key: string): void {
    // A part of a header would keep the whole header in memory.
    this.#verified.set(signature, { value: Buffer.from(value, 'latin1').toString('latin1'), key })
  }

  #verify(value: string, signature: string, keys: readonly string[]): number {
    for (const [place, key] of keys.entries()) {
      const expected = this.#hmac(value, key)
      if (!isEqual(expected, signature)) continue
      this.#remember(value, expected, key)
      return place
    }
    return -1
  }

  #hmac(value: string, key: string): string {
    return createHmac('sha1', key).update(`${this.#name}=${value}`).digest('base64url')
  }
}

/** A search for signatures, and how many it may still compute. */
interface Search extends Matches {
  left: number
}

function spend(search: Search, cost: number): boolean {
  if (search.left < cost) search.isComplete = false
  else search.left -= cost
  return search.isComplete
}

/** Clients send a cookie and its signature in the same order: what stands in the same place goes first. */
function* nearestPairs(values: readonly string[], signatures: readonly string[]): Generator<[string, string]> {
  for (let distance = 0; distance < Math.max(values.length, signatures.length); distance++) {
    for (const [place, value] of values.entries()) {
      if (place >= distance && place - distance < signatures.length) yield [value, signatures[place - distance]]
      if (distance > 0 && place + distance < signatures.length) yield [value, signatures[place + distance]]
    }
  }
}

/** What signs: the first secret of a list, or the Keygrip. */
export function signerOf(keys: SignatureKeys): unknown {
  return isList(keys) ? keys[0] : keys
}

function isList(keys: SignatureKeys): keys is readonly string[] {
  return Array.isArray(keys)
}

/** Compares in a time that tells nothing of where two texts differ. */
function isEqual(one: string, other: string): boolean {
  if (one.length !== other.length) return false
  let difference = 0
  for (let place = 0; place < one.length; place++) difference |= one.charCodeAt(place) ^ other.charCodeAt(place)
  return difference === 0
}
