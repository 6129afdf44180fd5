import { createPublicKey, verify, type JsonWebKey, type KeyObject } from 'node:crypto'
import { isAlgorithm, type BoundKey, type DeviceAlgorithm } from '../session/bound-key'

/** What a browser sends to prove that it holds a key: a JWT (Device Bound Session Credentials, section "DBSC Proof JWT Syntax"). */
export interface Proof {
  readonly algorithm: DeviceAlgorithm
  /** The public key that the header names, as it came. Only a registration may ask for it. */
  readonly jwk: unknown
  /** The challenge that is answered. */
  readonly challenge: string
  readonly signed: Buffer
  readonly signature: Buffer
}

/** A public key that a browser has brought, as a record keeps it. */
export type DeviceKey = Pick<BoundKey, 'algorithm' | 'key'>

/** Longer ones come from no browser: that of a 4096-bit RSA key takes about 2,200 characters. */
const MAX_LENGTH = 4096
const ES256_LENGTH = 64
/** RSA keys are taken from 2048 bits on (RFC 7518, section 3.3), and no larger than what is verified at once. */
const RSA_BITS = [2048, 4096]
/** The exponent that everything uses. */
const RSA_EXPONENT = 'AQAB'

/** Takes a proof apart and believes none of it; undefined for what is none. */
export function parseProof(text: string): Proof | undefined {
  const parts = text.split('.')
  if (text.length > MAX_LENGTH || parts.length !== 3) return undefined
  const [head, body, signature] = parts.map(decode)
  const header = parseObject(head)
  const payload = parseObject(body)
  if (!header || !payload || !signature) return undefined
  const { typ, alg, jwk, crit } = header
  const { jti } = payload
  if (typ !== 'dbsc+jwt' || !isAlgorithm(alg) || crit !== undefined || typeof jti !== 'string') return undefined
  return { algorithm: alg, jwk, challenge: jti, signed: Buffer.from(`${parts[0]}.${parts[1]}`), signature }
}

/** Whether the device has signed the proof: with the key that is stored, whichever the proof names. */
export function isSignedBy({ algorithm, key }: DeviceKey, proof: Proof): boolean {
  if (proof.algorithm !== algorithm) return false
  if (algorithm === 'ES256' && proof.signature.length !== ES256_LENGTH) return false
  try {
    const spki = createPublicKey({ key: Buffer.from(key, 'base64url'), format: 'der', type: 'spki' })
    // RSA has no use for the encoding.
    return verify('sha256', proof.signed, { key: spki, dsaEncoding: 'ieee-p1363' }, proof.signature)
  } catch {
    return false
  }
}

/** Returns the key that a registration brings, where it is one and has signed the proof. */
export function keyOf(proof: Proof): DeviceKey | undefined {
  const jwk = publicPart(proof)
  const key = jwk && importKey(jwk)
  if (!key || !isStrong(key, proof.algorithm)) return undefined
  const device = { algorithm: proof.algorithm, key: key.export({ format: 'der', type: 'spki' }).toString('base64url') }
  return isSignedBy(device, proof) ? device : undefined
}

/** The members of a public key and no other. */
function publicPart({ algorithm, jwk }: Proof): JsonWebKey | undefined {
  if (typeof jwk !== 'object' || jwk === null) return undefined
  const { kty, crv, x, y, n, e } = jwk as Record<string, unknown>
  const isEllipse = kty === 'EC' && crv === 'P-256' && typeof x === 'string' && typeof y === 'string'
  if (algorithm === 'ES256') return isEllipse ? { kty: 'EC', crv: 'P-256', x, y } : undefined
  return kty === 'RSA' && typeof n === 'string' && e === RSA_EXPONENT ? { kty: 'RSA', n, e: RSA_EXPONENT } : undefined
}

function importKey(jwk: JsonWebKey): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch {
    return undefined
  }
}

function isStrong({ asymmetricKeyDetails }: KeyObject, algorithm: DeviceAlgorithm): boolean {
  const { modulusLength = 0 } = asymmetricKeyDetails ?? {}
  return algorithm === 'ES256' || (modulusLength >= RSA_BITS[0] && modulusLength <= RSA_BITS[1])
}

/** Node's decoder passes over what is not base64url: one spelling is the right one. */
function decode(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url')
  return bytes.length > 0 && bytes.toString('base64url') === part ? bytes : undefined
}

function parseObject(bytes: Buffer | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = bytes && JSON.parse(bytes.toString())
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
