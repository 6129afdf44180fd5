import type { Context } from 'koa'
import type { CookieAttributes } from '../contracts/cookie-attributes'
import type { Presented, Transport } from '../contracts/transport'
import { SessionError } from '../errors'
import type { Lifetime } from '../record'

/** One cookie of those that a token is spread over. */
interface Piece extends Transport {
  read(ctx: Context, attributes: CookieAttributes): Presented[]
  write(ctx: Context, token: string, attributes: CookieAttributes, maxAge: Lifetime): void
  clear(ctx: Context, attributes: CookieAttributes): void
  capacity(attributes: CookieAttributes): number
  isSet(ctx: Context): boolean
}

/** What the first of several cookies begins with: how many there are. A token of base64url has no dot. */
const COUNT = /^c(\d{1,2})\./
const COUNT_LENGTH = 'c10.'.length

/** How many ways to put the pieces together are tried where a header repeats their names. */
const MAX_COMBINATIONS = 64

/** Spreads a token over several cookies, as few as will do; it has to bring its own proof that the pieces fit. */
export class ChunkedTransport implements Transport {
  readonly #pieces: readonly Piece[]

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces
  }

  read(ctx: Context, attributes: CookieAttributes): Presented[] {
    return this.#pieces[0].read(ctx, attributes).flatMap(({ token }) => {
      const count = COUNT.exec(token)
      if (!count) return [{ token }]
      // Whoever plants a cookie of a piece's name makes one more combination, and hides none.
      const rest = this.#pieces.slice(1, Number(count[1])).map((piece) => piece.read(ctx, attributes))
      const first = [token.slice(count[0].length)]
      const combine = (texts: string[], candidates: Presented[]): string[] =>
        texts.flatMap((text) => candidates.map((piece) => text + piece.token)).slice(0, MAX_COMBINATIONS)
      return rest.reduce(combine, first).map((text) => ({ token: text }))
    })
  }

  write(ctx: Context, token: string, attributes: CookieAttributes, maxAge: Lifetime): void {
    const parts = this.#split(token, attributes)
    this.#pieces.forEach((piece, index) => {
      const part = parts[index]
      if (part !== undefined) piece.write(ctx, part, attributes, maxAge)
      else if (piece.isSet(ctx) || piece.read(ctx, attributes).length > 0) piece.clear(ctx, attributes)
    })
  }

  clear(ctx: Context, attributes: CookieAttributes): void {
    this.#pieces.forEach((piece, index) => {
      if (index === 0 || piece.isSet(ctx) || piece.read(ctx, attributes).length > 0) piece.clear(ctx, attributes)
    })
  }

  #split(token: string, attributes: CookieAttributes): string[] {
    const capacities = this.#pieces.map((piece) => piece.capacity(attributes))
    if (token.length <= capacities[0]) return [token]
    const size = Math.min(...capacities) - COUNT_LENGTH
    const count = Math.ceil(token.length / size)
    if (count > this.#pieces.length) throw tooLarge(token.length, size * this.#pieces.length, this.#pieces.length)
    const parts = Array.from({ length: count }, (_, index) => token.slice(index * size, (index + 1) * size))
    return [`c${count}.${parts[0]}`, ...parts.slice(1)]
  }
}

function tooLarge(length: number, capacity: number, count: number): SessionError {
  return new SessionError(
    'ERR_SESSION_COOKIE_TOO_LARGE',
    `The session takes ${length} characters, and its ${count} cookies hold ${capacity}. Keep less in the session, raise ` +
      'the option "chunks", or keep it in a store: session({ store }, app).',
  )
}
