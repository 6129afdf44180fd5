import * as crypto from 'node:crypto'
import { isSessionId } from './id'

/**
 * What a client holds of a session in a store: its id, as in koa-session; or `id~secret`, from the first rotation on. With
 * `rotateEvery`, what stands behind the `~` is longer: the family of the session's tokens, a secret, and the token's number.
 *
 * The secret is 24 random bytes in base64url: 192 bits, of which 128 would do; a multiple of three bytes has one spelling
 * and no padding. The separator is a character that cookies, headers and file names carry as it is, and that neither a UUID
 * nor base64 has. An id may be 512 characters long, and the secret stands behind that.
 */
export interface Token {
  /** The key of the record. */
  readonly id: string
  /** What travels: the id, with the secret behind it where there is one. */
  readonly text: string
  readonly hasSecret: boolean
  /** Where it stands among the tokens of its session; undefined for one that was made without `rotateEvery`. */
  readonly line?: TokenLine
}

/** What a token of a session says whose token changes while its visitor works. */
export interface TokenLine {
  /** 18 random bytes, which all tokens of the session have in common. */
  readonly family: string
  /** Rises with each token of the session. */
  readonly serial: number
}

const SECRET_BYTES = 24
const SECRET_LENGTH = 32
const SEPARATOR = '~'
const SECRET = /^[A-Za-z0-9_-]{32}$/
/** A family, a secret and a serial number: 18, 18 and 3 bytes. */
const PART_BYTES = 18
const PART_LENGTH = 24
const LINE_LENGTH = 52
const LINE = /^[A-Za-z0-9_-]{52}$/
/** The last number that a token can have. */
export const MAX_SERIAL = 2 ** 24 - 1

/** Takes apart what a client presents; undefined for what cannot be a token at all. */
export function parseToken(text: string): Token | undefined {
  if (endsInLine(text)) return parseLong(text)
  const hasSecret = endsInShortSecret(text)
  const id = hasSecret ? text.slice(0, -SECRET_LENGTH - 1) : text
  return isSessionId(id) ? { id, text, hasSecret } : undefined
}

/** A token of an id: with a new secret, or the id alone. */
export function makeToken(id: string, { withSecret }: { withSecret: boolean }): Token {
  const text = withSecret ? id + SEPARATOR + crypto.randomBytes(SECRET_BYTES).toString('base64url') : id
  return { id, text, hasSecret: withSecret }
}

/** A new family: who shows it once held a token of the session. */
export function makeFamily(): string {
  return crypto.randomBytes(PART_BYTES).toString('base64url')
}

/** A token of a session whose token changes while its visitor works, with a new secret. */
export function makeLongToken(id: string, line: TokenLine): Token {
  const serial = Buffer.alloc(3)
  serial.writeUIntBE(line.serial, 0, 3)
  const secret = crypto.randomBytes(PART_BYTES).toString('base64url')
  return { id, text: id + SEPARATOR + line.family + secret + serial.toString('base64url'), hasSecret: true, line }
}

/** Whether a text ends in what has a secret's exact form: then it can be no id. */
export function endsInSecret(text: string): boolean {
  return endsInShortSecret(text) || endsInLine(text)
}

function parseLong(text: string): Token | undefined {
  const id = text.slice(0, -LINE_LENGTH - 1)
  if (!isSessionId(id)) return undefined
  const family = text.slice(-LINE_LENGTH, PART_LENGTH - LINE_LENGTH)
  const serial = Buffer.from(text.slice(2 * PART_LENGTH - LINE_LENGTH), 'base64url').readUIntBE(0, 3)
  return { id, text, hasSecret: true, line: { family, serial } }
}

function endsInLine(text: string): boolean {
  return text[text.length - LINE_LENGTH - 1] === SEPARATOR && LINE.test(text.slice(-LINE_LENGTH))
}

function endsInShortSecret(text: string): boolean {
  return text[text.length - SECRET_LENGTH - 1] === SEPARATOR && SECRET.test(text.slice(-SECRET_LENGTH))
}

/**
 * What an owner's session is called in a list: a hash of its id under a name of its own, so that it opens nothing and says
 * nothing of the id.
 */
export function handleOf(id: string): string {
  return hashToken(`handle ${id}`)
}

/** A short hash that tells sessions apart in logs and opens none: the beginning of the session's handle. */
export function fingerprint(id: string | undefined): string {
  return id === undefined ? 'none' : handleOf(id).slice(0, 8)
}

/**
 * What a record keeps of a token: SHA-256 in base64url, of the whole token, so that the hash counts for one id alone. There
 * is nothing to guess in 192 random bits, so a fast hash without salt is enough.
 */
export const hashToken: (text: string) => string =
  // Half as dear, from Node 20.12 on.
  typeof crypto.hash === 'function'
    ? (text) => crypto.hash('sha256', text, 'base64url')
    : (text) => crypto.createHash('sha256').update(text).digest('base64url')
