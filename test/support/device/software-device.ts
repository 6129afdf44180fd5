import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'

/** What a proof says; whatever is given takes the place of what a browser would say. */
interface ProofParts {
  header?: Record<string, unknown>
  payload?: Record<string, unknown>
  /** Who signs, in place of this device. */
  signer?: SoftwareDevice
}

export type Algorithm = 'ES256' | 'RS256'

/** A key as a browser holds one for a session. */
export class SoftwareDevice {
  readonly algorithm: Algorithm
  readonly publicKey: KeyObject
  readonly #privateKey: KeyObject

  constructor(algorithm: Algorithm = 'ES256', { bits = 2048, curve = 'P-256' } = {}) {
    const pair =
      algorithm === 'ES256'
        ? generateKeyPairSync('ec', { namedCurve: curve })
        : generateKeyPairSync('rsa', { modulusLength: bits })
    this.algorithm = algorithm
    this.publicKey = pair.publicKey
    this.#privateKey = pair.privateKey
  }

  /** The key as a proof of registration brings it. */
  get jwk(): Record<string, unknown> {
    return { ...this.publicKey.export({ format: 'jwk' }) }
  }

  /** Proves that the key is here, as browsers do with each refresh. */
  prove(challenge: string, { header, payload, signer = this }: ProofParts = {}): string {
    const head = encode({ alg: this.algorithm, typ: 'dbsc+jwt', ...header })
    const body = encode({ jti: challenge, ...payload })
    return `${head}.${body}.${signer.sign(`${head}.${body}`)}`
  }

  /** The first proof, which brings the key along. */
  register(challenge: string, { header, ...rest }: ProofParts = {}): string {
    return this.prove(challenge, { header: { jwk: this.jwk, ...header }, ...rest })
  }

  sign(text: string): string {
    const key = { key: this.#privateKey, dsaEncoding: 'ieee-p1363' as const }
    return sign('sha256', Buffer.from(text), key).toString('base64url')
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
