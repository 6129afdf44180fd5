import type { ServerResponse } from 'node:http'
import Cookies from 'cookies'
import type { CookieAttributes } from '../contracts/cookie-attributes'
import type { Lifetime } from '../session/record'

/** The attributes of the line that was made last, in its own words; those of the next one are mostly the same. */
interface Tail {
  attributes: CookieAttributes
  secure: boolean
  /** The second in which it expires. */
  expires: number
  text: string
}

/** Makes a cookie's Set-Cookie lines, with the attributes as the `cookies` package writes them. */
export class CookieLines {
  readonly #name: string
  #tail: Tail | undefined

  constructor(name: string) {
    this.#name = name
  }

  /** @throws {TypeError} for a value that no cookie can have, as the `cookies` package does */
  line(value: string, maxAge: Lifetime, attributes: CookieAttributes, secure: boolean): string {
    if (value === '' || value.includes(';')) return this.#make(value, maxAge, attributes, secure)
    return `${this.#name}=${value}${this.#tailOf(maxAge, attributes, secure)}`
  }

  /** The line of the signature that goes with a line of this cookie. */
  signatureLine(line: string, value: string, signature: string): string {
    return `${this.#name}.sig=${signature}${line.slice(this.#name.length + 1 + value.length)}`
  }

  #tailOf(maxAge: Lifetime, attributes: CookieAttributes, secure: boolean): string {
    const expires = maxAge === 'session' ? 0 : Math.floor((Date.now() + maxAge) / 1000)
    const last = this.#tail
    if (last?.attributes === attributes && last.expires === expires && last.secure === secure) return last.text
    const text = this.#make('x', maxAge, attributes, secure).slice(this.#name.length + 2)
    this.#tail = { attributes, secure, expires, text }
    return text
  }

  #make(value: string, maxAge: Lifetime, attributes: CookieAttributes, secure: boolean): string {
    const options = { ...attributes, secure, maxAge: maxAge === 'session' ? undefined : maxAge }
    return new Cookies.Cookie(this.#name, value, options as Cookies.SetOption).toHeader()
  }
}

/** Adds lines to the response's Set-Cookie; with `overwrite`, in place of those that set the same cookies. */
export function addLines(res: ServerResponse, lines: string[], { overwrite }: { overwrite: boolean }): void {
  const present = setCookieLines(res)
  if (present.length === 0) return void res.setHeader('Set-Cookie', lines)
  const names = lines.map((line) => line.slice(0, line.indexOf('=') + 1))
  const others = overwrite ? present.filter((line) => !names.some((name) => line.startsWith(name))) : present
  res.setHeader('Set-Cookie', [...others, ...lines])
}

/** Takes the lines of these cookies out of the response's Set-Cookie. */
export function removeLines(res: ServerResponse, names: readonly string[]): void {
  const present = setCookieLines(res)
  const others = present.filter((line) => !names.some((name) => line.startsWith(`${name}=`)))
  if (others.length === present.length) return
  if (others.length > 0) res.setHeader('Set-Cookie', others)
  else res.removeHeader('Set-Cookie')
}

/** The Set-Cookie lines that a response has so far. */
export function setCookieLines(res: ServerResponse): string[] {
  const header = res.getHeader('Set-Cookie')
  if (header === undefined) return []
  return Array.isArray(header) ? header : [String(header)]
}
