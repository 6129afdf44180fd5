import { randomBytes, scrypt, scryptSync, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { Service } from 'typedi'

/** Who can sign in. The sign-in page shows them, as this is a demonstration. */
export const DEMO_USERS = [
  { name: 'ada', password: 'analytical engine' },
  { name: 'grace', password: 'nanoseconds' },
]

interface PasswordHash {
  salt: Buffer
  hash: Buffer
}

const HASH_LENGTH = 32
const hashAsync = promisify<string, Buffer, number, Buffer>(scrypt)

@Service()
export class Users {
  readonly #hashes = new Map(DEMO_USERS.map(({ name, password }) => [name, hashOf(password)]))
  /** Stands in for users who do not exist, so that the answer takes as long for them. */
  readonly #nobody: PasswordHash = { salt: randomBytes(16), hash: randomBytes(HASH_LENGTH) }

  /** Whether there is this user, with this password. */
  async verify(name: string, password: string): Promise<boolean> {
    const { salt, hash } = this.#hashes.get(name) ?? this.#nobody
    return timingSafeEqual(await hashAsync(password, salt, HASH_LENGTH), hash)
  }
}

function hashOf(password: string): PasswordHash {
  const salt = randomBytes(16)
  return { salt, hash: scryptSync(password, salt, HASH_LENGTH) }
}
