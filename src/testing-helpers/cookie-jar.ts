/** A cookie that a response has set, with the attributes that decide where it goes. */
export interface KeptCookie {
  readonly name: string
  readonly value: string
  /** The hosts that it is sent to; undefined for the host that has set it, alone. */
  readonly domain: string | undefined
  readonly path: string
  /** When it expires, in milliseconds since 1970; undefined where the browser forgets it when it is closed. */
  readonly expires: number | undefined
  readonly httpOnly: boolean
  readonly secure: boolean
  readonly sameSite: string | undefined
}

/** The cookies that a browser would keep of one site. */
export class CookieJar {
  readonly #cookies = new Map<string, KeptCookie>()

  /** Takes over Set-Cookie lines, and forgets what they expire. */
  accept(lines: readonly string[]): void {
    for (const line of lines) {
      const cookie = parse(line)
      if (cookie) this.#cookies.set(cookie.name, cookie)
    }
  }

  /** Those that are not expired. */
  get cookies(): KeptCookie[] {
    const now = Date.now()
    return [...this.#cookies.values()].filter(({ expires = Infinity }) => expires > now)
  }

  /** What a Cookie header has them as; empty where there are none. */
  get header(): string {
    return this.cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  }
}

function parse(line: string): KeptCookie | undefined {
  const [pair, ...parts] = line.split(';')
  const [name, value] = halves(pair)
  if (name === '') return undefined
  const attributes = new Map(parts.map((part) => lowered(halves(part))))
  return {
    name,
    value,
    domain: attributes.get('domain')?.replace(/^\./, '') || undefined,
    path: attributes.get('path') || '/',
    expires: expiryOf(attributes),
    httpOnly: attributes.has('httponly'),
    secure: attributes.has('secure'),
    sameSite: attributes.get('samesite'),
  }
}

/** `Max-Age` goes before `Expires` (RFC 6265, section 5.3). */
function expiryOf(attributes: Map<string, string>): number | undefined {
  const maxAge = Number(attributes.get('max-age') ?? NaN)
  if (!Number.isNaN(maxAge)) return Date.now() + maxAge * 1000
  const expires = Date.parse(attributes.get('expires') ?? '')
  return Number.isNaN(expires) ? undefined : expires
}

function halves(text: string): [name: string, value: string] {
  const place = text.indexOf('=')
  return place < 0 ? [text.trim(), ''] : [text.slice(0, place).trim(), text.slice(place + 1).trim()]
}

function lowered([name, value]: [string, string]): [string, string] {
  return [name.toLowerCase(), value]
}
