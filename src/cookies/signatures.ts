import { createHmac } from 'node:crypto'
import { LRUCache } from 'lru-cache'

/** What `app.keys` is: a list of secrets, the newest first, or a Keygrip. */
export type SignatureKeys =
  readonly string[] | { sign(data: string): string; index(data: string, signature: string): number }

/** A signature that is known to be good, and the key that made it. */
interface Known {
  signature: string
  key: string
}

/** How many signatures are remembered, and the longest text of which one is. */
const MAX_KNOWN = 1000
const MAX_KNOWN_LENGTH = 4096

/**
 * The signatures of one cookie, in keygrip's format: HMAC-SHA1 of `name=value` in base64url, or what a Keygrip makes.
 *
 * Those of a list of secrets are remembered by the whole text that they sign, each with its key: one counts as long as
 * its key is in the list.
 */
export class Signatures {
  readonly #name: string
  readonly #known = new LRUCache<string, Known>({ max: MAX_KNOWN })

  constructor(name: string) {
    this.#name = name
  }

  sign(value: string, keys: SignatureKeys): string {
    if (!isList(keys)) return keys.sign(`${this.#name}=${value}`)
    const known = this.#known.get(value)
    if (known?.key === keys[0]) return known.signature
    const signature = this.#hmac(value, keys[0])
    this.#remember(value, { signature, key: keys[0] })
    return signature
  }

  /** Answers the place of the key that has made the signature; -1 where none has. */
  indexOf(value: string, signature: string, keys: SignatureKeys): number {
    if (!isList(keys)) {
      const data = `${this.#name}=${value}`
      // keygrip's own comparison costs more than everything else here, and most cookies have the first key's signature.
      return isEqual(keys.sign(data), signature) ? 0 : keys.index(data, signature)
    }
    const known = this.#known.get(value)
    const place = known && isEqual(known.signature, signature) ? keys.indexOf(known.key) : -1
    if (place !== -1) return place
    return keys.findIndex((key) => {
      const expected = this.#hmac(value, key)
      const isGood = isEqual(expected, signature)
      // A part of a header would keep the whole header in memory.
      if (isGood) this.#remember(Buffer.from(value, 'latin1').toString('latin1'), { signature: expected, key })
      return isGood
    })
  }

  #hmac(value: string, key: string): string {
    return createHmac('sha1', key).update(`${this.#name}=${value}`).digest('base64url')
  }

  #remember(value: string, known: Known): void {
    if (value.length <= MAX_KNOWN_LENGTH) this.#known.set(value, known)
  }
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
