import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, type CipherKey } from 'node:crypto'

/** AES-256-GCM, as NIST SP 800-38D has it: a 96-bit nonce and a 128-bit tag. */
const ALGORITHM = 'aes-256-gcm'
const NONCE_LENGTH = 12
const TAG_LENGTH = 16

/** Derives 32 bytes from a secret for one purpose (HKDF with SHA-256, RFC 5869). */
export function deriveKey(secret: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', purpose, 32))
}

/** Encrypts and authenticates `plain`, and authenticates `context` along with it: nonce, ciphertext and tag. */
export function seal(key: CipherKey, plain: Buffer, context: Buffer): Buffer {
  const nonce = randomBytes(NONCE_LENGTH)
  const cipher = createCipheriv(ALGORITHM, key, nonce)
  cipher.setAAD(context)
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** Opens what {@link seal} made with the same key and context; undefined for anything else. */
export function unseal(key: CipherKey, sealed: Buffer, context: Buffer): Buffer | undefined {
  if (sealed.length < NONCE_LENGTH + TAG_LENGTH) return undefined
  const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(0, NONCE_LENGTH), { authTagLength: TAG_LENGTH })
  decipher.setAAD(context)
  decipher.setAuthTag(sealed.subarray(-TAG_LENGTH))
  try {
    const plain = decipher.update(sealed.subarray(NONCE_LENGTH, -TAG_LENGTH))
    // In this mode of AES nothing is left to come: this is where the tag is checked.
    decipher.final()
    return plain
  } catch {
    return undefined
  }
}
