import type { Context } from 'koa'
import type { CookieAttributes } from '../contracts/cookie-attributes'
import { MAX_TOKENS, type Presented, type Transport } from '../contracts/transport'
import { MAX_COMPUTED } from '../cookies/signatures'
import { SessionError } from '../base/errors'
import type { Lifetime } from '../session/record'
import { choices, inTurn } from './piece-choices'

/** One cookie of those that a token is spread over. */
export interface Piece extends Transport {
  read(ctx: Context, attributes: CookieAttributes, maxSignatures?: number): Presented
  write(ctx: Context, token: string, attributes: CookieAttributes, maxAge: Lifetime): void
  clear(ctx: Context, attributes: CookieAttributes): void
  capacity(attributes: CookieAttributes): number
  returnedSize(token: string, attributes: CookieAttributes): number
  isHeld(ctx: Context): boolean
}

/** What the first of several cookies begins with: how many there are. A token of base64url has no dot. */
const COUNT = /^c([2-9])\./
const COUNT_LENGTH = 'c4.'.length

/**
 * How much of a request's headers a session may take, in bytes. Node refuses more than 16 KB of headers with 431 before any
 * of our code runs, and the visitor could not even sign out: a quarter is left to all other headers.
 */
const MAX_RETURNED = 12 * 1024
/** How many cookies there may be: four of 4 KB hold more than {@link MAX_RETURNED}, and further ones would stay empty. */
export const MAX_CHUNKS = 4

/** Spreads a token over several cookies, as few as will do; it has to bring its own proof that the pieces fit. */
export class ChunkedTransport implements Transport {
  readonly #pieces: readonly Piece[]

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces
  }

  /** Who plants a cookie of a piece's name makes one more way to put the pieces together, and hides none. */
  read(ctx: Context, attributes: CookieAttributes): Presented {
    let isCut = false
    const readPiece = (piece: Piece): string[] => {
      const found = piece.read(ctx, attributes, Math.ceil(MAX_COMPUTED / this.#pieces.length))
      isCut ||= found.isCut === true
      return found.tokens.map(({ token }) => token)
    }
    const firsts = readPiece(this.#pieces[0])
    const longest = Math.max(1, ...firsts.map(countOf))
    const rest = this.#pieces.slice(1, longest).map(readPiece)
    const ways = firsts.map((first, place) => completions(first, rest, place, firsts.length - 1 - place))
    const tokens: Presented['tokens'] = []
    for (const token of inTurn(ways)) {
      if (tokens.length === MAX_TOKENS) return { tokens, isCut: true }
      tokens.push({ token })
    }
    return { tokens, isCut }
  }

  write(ctx: Context, token: string, attributes: CookieAttributes, maxAge: Lifetime): void {
    const parts = this.#split(token, attributes)
    this.#checkReturned(parts, attributes)
    this.#pieces.forEach((piece, index) => {
      const part = parts[index]
      if (part !== undefined) piece.write(ctx, part, attributes, maxAge)
      else if (piece.isHeld(ctx)) piece.clear(ctx, attributes)
    })
  }

  clear(ctx: Context, attributes: CookieAttributes): void {
    this.#pieces.forEach((piece, index) => {
      if (index === 0 || piece.isHeld(ctx)) piece.clear(ctx, attributes)
    })
  }

  #split(token: string, attributes: CookieAttributes): string[] {
    const capacities = this.#pieces.map((piece) => piece.capacity(attributes))
    if (token.length <= capacities[0]) return [token]
    const size = Math.max(Math.min(...capacities) - COUNT_LENGTH, 0)
    const count = Math.ceil(token.length / size)
    if (count > this.#pieces.length) throw tooLarge(token.length, size * this.#pieces.length, this.#pieces.length)
    const parts = Array.from({ length: count }, (_, index) => token.slice(index * size, (index + 1) * size))
    return [`c${count}.${parts[0]}`, ...parts.slice(1)]
  }

  #checkReturned(parts: readonly string[], attributes: CookieAttributes): void {
    const size = parts.reduce((sum, part, index) => sum + this.#pieces[index].returnedSize(part, attributes), 0)
    if (size <= MAX_RETURNED) return
    throw new SessionError(
      'ERR_SESSION_COOKIE_TOO_LARGE',
      `The session's ${parts.length} cookies would take ${size} bytes of every request's headers, and ${MAX_RETURNED} is ` +
        'the most: Node refuses requests with more than 16384 in all. Keep less in the session, or keep it in a store: ' +
        'session({ store }, app).',
    )
  }
}

/** In how many cookies a token is that begins with this one. */
function countOf(first: string): number {
  return Number(COUNT.exec(first)?.[1] ?? 1)
}

/** The tokens that begin with a first piece; nothing where a further one is missing. */
function* completions(
  first: string,
  rest: readonly (readonly string[])[],
  before: number,
  behind: number,
): Generator<string, void> {
  const count = countOf(first)
  if (count === 1) {
    yield first
    return
  }
  const values = rest.slice(0, count - 1)
  if (values.length < count - 1 || values.some(({ length }) => length === 0)) return
  const start = first.slice(first.indexOf('.') + 1)
  const sizes = values.map(({ length }) => length)
  for (const choice of choices(sizes, before, behind)) {
    yield start + values.map((texts, piece) => texts[choice[piece]]).join('')
  }
}

function tooLarge(length: number, capacity: number, count: number): SessionError {
  return new SessionError(
    'ERR_SESSION_COOKIE_TOO_LARGE',
    `The session takes ${length} characters, and its ${count} cookies hold ${capacity}. Keep less in the session, raise ` +
      `the option "chunks" (${MAX_CHUNKS} at most), or keep it in a store: session({ store }, app).`,
  )
}
