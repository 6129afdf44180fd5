import { createHmac } from 'node:crypto'
import { LRUCache } from 'lru-cache'

/** What `app.keys` is: a list of secrets, the newest first, or a Keygrip. */
export type SignatureKeys =
  readonly string[] | { sign(data: string): string; index(data: string, signature: string): number }

/** What a signature was found to be good for. */
interface Verified {
  value: string
  key: string
}

/** How many signatures are remembered: each with its value, of 4 KB at most. */
const MAX_VERIFIED = 1000

/**
 * The signatures of one cookie, in keygrip's format: HMAC-SHA1 of `name=value` in base64url, or what a Keygrip makes.
 *
 * Those of a list of secrets that were verified are remembered, each with the whole value and with its key: one counts for
 * that value alone, and as long as its key is in the list.
 */
export class Signatures {
  readonly #name: string
  readonly #verified = new LRUCache<string, Verified>({ max: MAX_VERIFIED })

  constructor(name: string) {
    this.#name = name
  }

  sign(value: string, keys: SignatureKeys): string {
    return isList(keys) ? this.#hmac(value, keys[0]) : keys.sign(`${this.#name}=${value}`)
  }

  /** Answers the place of the key that has made the signature; -1 where none has. */
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

  #verify(value: string, signature: string, keys: readonly string[]): number {
    for (const [place, key] of keys.entries()) {
      const expected = this.#hmac(value, key)
      if (!isEqual(expected, signature)) continue
      // A part of a header would keep the whole header in memory.
      this.#verified.set(expected, { value: Buffer.from(value, 'latin1').toString('latin1'), key })
      return place
    }
    return -1
  }

  #hmac(value: string, key: string): string {
    return createHmac('sha1', key).update(`${this.#name}=${value}`).digest('base64url')
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
