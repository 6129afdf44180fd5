import * as crypto from 'node:crypto'
import Keygrip from 'keygrip'
import { sealed } from '../../../src/codecs/sealed-codec'
import { ChunkedTransport, MAX_CHUNKS } from '../../../src/transports/chunked-transport'
import { CookieTransport } from '../../../src/transports/cookie-transport'
import { SessionError } from '../../../src/base/errors'
import type { CookieAttributes } from '../../../src/contracts/cookie-attributes'
import { contextOf } from '../../support/app/contexts'
import { thrownBy } from '../../support/thrown-by'

const codec = sealed({ keys: ['a secret of more than thirty-two bytes'] })
const sealedText = (length: number) => codec.encode({ text: 'x'.repeat(length), _session: true }, 's')

function transportOf(count = MAX_CHUNKS): ChunkedTransport {
  const names = Array.from({ length: count }, (_, index) => (index === 0 ? 's' : `s.${index}`))
  return new ChunkedTransport(names.map((name) => new CookieTransport(name)))
}

/** The cookies that a response with this token sets, as a browser brings them back. */
function cookiesFor(token: string, attributes: CookieAttributes = {}, count = MAX_CHUNKS): string[] {
  const ctx = contextOf('')
  transportOf(count).write(ctx, token, attributes, 'session')
  const lines = (ctx.res.getHeader('Set-Cookie') ?? []) as string[]
  return lines.map((line) => line.slice(0, line.indexOf(';')))
}

const readTokens = (cookies: readonly string[], attributes: CookieAttributes = {}, count = MAX_CHUNKS) =>
  transportOf(count)
    .read(contextOf(cookies), attributes)
    .tokens.map(({ token }) => token)

/** How many decryptions it takes to try all that a request presents. */
function countDecryptions(cookies: readonly string[]): number {
  const spy = jest.spyOn(jest.requireActual<typeof crypto>('node:crypto'), 'createDecipheriv')
  try {
    for (const token of readTokens(cookies)) codec.decode(token, 's')
    return spy.mock.calls.length
  } finally {
    spy.mockRestore()
  }
}

describe('hostile pieces', () => {
  /** What passes for the beginning of a sealed text, so that each try costs a decryption. */
  const head = sealedText(100).slice(0, 60)
  const crossed = (count: number, perPiece: number) => [
    ...Array.from({ length: perPiece }, (_, index) => `s=c${count}.${head}${index}`),
    ...Array.from({ length: count - 1 }, (_, piece) =>
      Array.from({ length: perPiece }, (_item, index) => `s.${piece + 1}=${'y'.repeat(20)}${index}`),
    ).flat(),
  ]

  it.each([
    ['four of each piece', crossed(4, 4)],
    ['many of each piece', crossed(4, 40)],
    ['many first ones of two', crossed(2, 58)],
    ['many whole ones', Array.from({ length: 90 }, (_, index) => `s=${head}${index}`)],
    ['one first and many second ones', [`s=c2.${head}`, ...crossed(2, 150).filter((text) => text.startsWith('s.1='))]],
    ['many of a few letters', Array.from({ length: 600 }, (_, index) => `s${index % 4 ? `.${index % 4}` : ''}=c4.`)],
  ])('R63: hostile pieces cost six decryptions at most, where a good request takes one: %s', (_, cookies) => {
    const header = cookies.join('; ').slice(0, 6 * 1024)
    expect(countDecryptions(cookiesFor(sealedText(4000)))).toBe(1)
    expect(countDecryptions([header])).toBeLessThanOrEqual(6)
  })

  it('R63: tokens of hostile pieces are as long together as six times the header at most', () => {
    const header = [`s=c4.${head}${'z'.repeat(3000)}`, ...crossed(4, 30)].join('; ').slice(0, 6 * 1024)
    const total = readTokens([header]).reduce((sum, token) => sum + token.length, 0)
    expect(total).toBeLessThanOrEqual(6 * header.length)
  })

  it('R63: signed pieces compute twelve signatures at most, all together', () => {
    const spy = jest.spyOn(jest.requireActual<typeof crypto>('node:crypto'), 'createHmac')
    // The first piece is the visitor's own: otherwise the further ones are not looked at.
    const first = `s=c4.${head}`
    const own = [first, `s.sig=${new Keygrip(['a test key']).sign(first)}`]
    const others = crossed(4, 40).filter((cookie) => cookie.startsWith('s.'))
    const planted = others.flatMap((cookie) => [cookie, cookie.replace(/=.*/, `.sig=${'w'.repeat(27)}`)])
    spy.mockClear()
    expect(readTokens([...own, ...planted], { signed: true })).toEqual([])
    const { length } = spy.mock.calls
    spy.mockRestore()
    expect(length).toBeGreaterThan(3)
    expect(length).toBeLessThanOrEqual(12)
  })

  it.each(['c0.', 'c1.', 'c5.', 'c9.', 'c10.', 'c02.', 'c-2.'])(
    'R35: a first piece that says %j of itself is put together with nothing',
    (count) => {
      const cookies = [`s=${count}${head}`, 's.1=one', 's.2=two', 's.3=three']
      for (const token of readTokens(cookies)) expect(token).toBe(count + head)
    },
  )

  it('R35: a first piece that lacks a further one makes no token, and other first pieces go on', () => {
    expect(readTokens([`s=c3.${head}`, 's.1=one'])).toEqual([])
    expect(readTokens([`s=c3.${head}`, 's.1=one', `s=${head}`])).toEqual([head])
  })

  it('R35: the own pieces are found among planted ones, wherever these stand', () => {
    const token = sealedText(8000)
    const own = cookiesFor(token)
    expect(own).toHaveLength(3)
    const planted = ['s=c3.planted', 's.1=planted', 's.2=planted', 's=c2.other', 's.1=other']
    for (const subset of [
      planted,
      planted.slice(0, 3),
      planted.slice(1, 3),
      planted.slice(0, 1),
      planted.slice(1, 2),
    ]) {
      for (const cookies of [
        [...subset, ...own],
        [...own, ...subset],
      ]) {
        expect(readTokens(cookies)).toContain(token)
      }
    }
    expect(readTokens(['s.1=planted', ...own, 's.2=planted'])).toContain(token)
    expect(readTokens([...own, ...own, ...own])).toEqual([token])
  })
})

describe('the sum of the cookies', () => {
  const KB12 = 12 * 1024
  const sum = (cookies: string[]) => cookies.reduce((total, cookie) => total + cookie.length + '; '.length, 0)

  it.each<[string, CookieAttributes]>([
    ['the defaults', {}],
    ['long attributes', { domain: 'a.long.name.of.a.host.example', path: `/${'p'.repeat(800)}` }],
  ])('R63: the sum of the cookies passes up to 12 KB of a request, and is refused beyond that: %s', (_, attributes) => {
    const overhead = sum(cookiesFor('x'.repeat(12_200), attributes)) - 12_200
    const full = cookiesFor('x'.repeat(KB12 - overhead), attributes)
    expect(full).toHaveLength(4)
    expect(sum(full)).toBe(KB12)
    const error = thrownBy(() => cookiesFor('x'.repeat(KB12 - overhead + 1), attributes))
    expect(error).toBeInstanceOf(SessionError)
    expect(error?.code).toBe('ERR_SESSION_COOKIE_TOO_LARGE')
    expect(error?.message).toContain(`4 cookies would take ${KB12 + 1} bytes`)
    expect(error?.message).toMatch(/12288 is the most.*16384 in all.*Keep less.*session\(\{ store \}, app\)/s)
  })

  it('R63: signatures count in the sum of the cookies', () => {
    expect(cookiesFor('x'.repeat(12_200))).toHaveLength(4)
    const error = thrownBy(() => cookiesFor('x'.repeat(12_200), { signed: true }))
    expect(error?.code).toBe('ERR_SESSION_COOKIE_TOO_LARGE')
  })

  it('R63: nothing is written of a session whose cookies are refused for their sum', () => {
    const ctx = contextOf('')
    expect(thrownBy(() => transportOf().write(ctx, 'x'.repeat(13_000), {}, 'session'))).toBeInstanceOf(SessionError)
    expect(ctx.res.getHeader('Set-Cookie')).toBeUndefined()
  })

  it('R37: attributes that leave no room for pieces are refused with sizes', () => {
    const error = thrownBy(() => cookiesFor('x'.repeat(100), { path: `/${'p'.repeat(4090)}` }))
    expect(error?.code).toBe('ERR_SESSION_COOKIE_TOO_LARGE')
    expect(error?.message).toContain('takes 100 characters, and its 4 cookies hold 0.')
  })
})

describe('pieces that are no longer needed', () => {
  it.each([[false], [true]])(
    'R37: pieces that are no longer needed are expired with those that a request brings, verified or not; signed: %s',
    (signed) => {
      const ctx = contextOf(['s=old', 's.2=stale', 's.9=mine', 's.x=mine'])
      transportOf().write(ctx, 'token', { signed }, 'session')
      const lines = ctx.res.getHeader('Set-Cookie') as string[]
      const names = lines.map((line) => line.slice(0, line.indexOf('='))).filter((name) => !name.endsWith('.sig'))
      expect(names).toEqual(['s', 's.2'])
    },
  )
})
