/** What signs a device's proofs: ECDSA with P-256 and SHA-256, or RSA PKCS #1 v1.5 with SHA-256 (RFC 7518, section 3.1). */
export type DeviceAlgorithm = 'ES256' | 'RS256'

/** The device that a session is bound to. */
export interface BoundKey {
  /** What the browser calls the binding. It opens nothing. */
  readonly id: string
  readonly algorithm: DeviceAlgorithm
  /** The public key that verifies its proofs: a SubjectPublicKeyInfo in base64url. */
  readonly key: string
  /** When it was registered: milliseconds since 1970. */
  readonly since: number
  /** When the challenge was made that was answered last: an older one is answered already, or never will be. */
  readonly used: number
}

/** The field of a record that holds its {@link BoundKey}. */
export type DeviceField = readonly [id: string, algorithm: string, key: string, since: number, used: number]

/** No proof fits this key: a record that says something else than a device is bound all the same. */
const UNREADABLE: BoundKey = Object.freeze({ id: '', algorithm: 'ES256', key: '', since: 0, used: Infinity })

/** Reads what a record says of its device. */
export function deviceOf(field: unknown): BoundKey {
  if (!Array.isArray(field) || field.length !== 5) return UNREADABLE
  const [id, algorithm, key, since, used] = field as readonly unknown[]
  const isText = typeof id === 'string' && id !== '' && typeof key === 'string'
  if (!isText || !isAlgorithm(algorithm) || typeof since !== 'number' || typeof used !== 'number') return UNREADABLE
  return { id, algorithm, key, since, used }
}

/** What a record keeps of a device. */
export function deviceField({ id, algorithm, key, since, used }: BoundKey): DeviceField {
  return [id, algorithm, key, since, used]
}

/** Whether a proof can be signed with this. */
export function isAlgorithm(value: unknown): value is DeviceAlgorithm {
  return value === 'ES256' || value === 'RS256'
}
