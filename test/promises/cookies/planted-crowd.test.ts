import * as crypto from 'node:crypto'
import Keygrip from 'keygrip'
import type Koa from 'koa'
import { CookieTransport } from '../../../src/transports/cookie-transport'
import { contextOf } from '../../support/app/contexts'

const SECRETS = ['the first secret', 'an old secret']
const KEYS: [string, () => NonNullable<Koa['keys']>][] = [
  ['a list of keys', () => [...SECRETS]],
  ['a Keygrip', () => new Keygrip(SECRETS)],
]

const signature = (value: string, place = 0) => new Keygrip([SECRETS[place] ?? '']).sign(`s=${value}`)
const pair = (value: string, place = 0) => [`s=${value}`, `s.sig=${signature(value, place)}`]
const crowd = (count: number, name = 's') =>
  Array.from({ length: count }, (_, index) => `${name}=${'x'.repeat(27)}${index}`)
const wrong = (value: string) => [`s=${value}`, `s.sig=${signature('another')}`]

function read(cookies: readonly string[], keys: NonNullable<Koa['keys']>, signed = true) {
  return new CookieTransport('s').read(contextOf(cookies, { keys }), { signed })
}

/** How many signatures were computed while `work` ran; what a Keygrip does with its own keys counts as well. */
function countSignatures(work: () => void): number {
  const spy = jest.spyOn(jest.requireActual<typeof crypto>('node:crypto'), 'createHmac')
  try {
    work()
    return spy.mock.calls.length
  } finally {
    spy.mockRestore()
  }
}

describe.each(KEYS)('a crowd of planted cookies, with %s', (_, makeKeys) => {
  const keys = makeKeys()

  test.each([
    ['a value that it does not fit', wrong('own')],
    ['no value that it fits', [...wrong('one'), ...wrong('two')]],
    ['two values', ['s=one', 's=two', `s.sig=${signature('another')}`]],
  ])('R35: a planted signature with %s is a stray one', (_title, cookies) => {
    expect(read(cookies, keys)).toMatchObject({ tokens: [], hasStraySignature: true })
  })

  test.each([
    ['more values than are taken', [...crowd(32), ...pair('own')]],
    ['more signatures than are taken', ['s=own', ...crowd(32, 's.sig'), `s.sig=${signature('own')}`]],
    ['more values than are signed', [...crowd(20), `s.sig=${signature('own')}`, 's=own']],
    ['more values than are signed with the old key', [...crowd(12), ...pair('own', 1)]],
  ])('R35, R101: beside %s, a good signature is not deleted, and the list is told to be cut', (_title, cookies) => {
    const { hasStraySignature, isCut } = read(cookies, keys)
    expect([hasStraySignature, isCut]).toEqual([false, true])
  })

  test.each([
    [5, false],
    [6, false],
    [7, true],
  ])('R101: a list of %i good cookies is cut: %s', (count, isCut) => {
    const good = Array.from({ length: count }, (_item, index) => pair(`value${index}`)).flat()
    expect(read(good, [...SECRETS]).isCut).toBe(isCut)
    expect(read(good, [...SECRETS], false).isCut).toBe(isCut)
  })

  test.each([
    ['behind', (own: string[], planted: string[]) => [...planted, ...own]],
    ['before', (own: string[], planted: string[]) => [...own, ...planted]],
    ['before and behind', (own: string[], planted: string[]) => [...own, ...planted, ...own]],
  ])('R35: the good pair of cookie and signature is found %s planted ones', (_title, join) => {
    const planted = Array.from({ length: 8 }, (_item, index) => wrong(`planted${index}`)).flat()
    expect(read(join(pair('own'), planted), keys)).toMatchObject({ tokens: [{ token: 'own', outdated: false }] })
    expect(read(join(pair('own', 1), wrong('planted')), keys)).toMatchObject({
      tokens: [{ token: 'own', outdated: true }],
    })
  })

  test('R30: the newest key counts of two signatures for one value', () => {
    const cookies = ['s=own', `s.sig=${signature('own', 1)}`, `s.sig=${signature('own')}`]
    expect(read(cookies, keys).tokens).toEqual([{ token: 'own', outdated: false }])
  })

  test('R35: the tokens that are good come in the order of the header', () => {
    const cookies = [...pair('one'), ...wrong('planted'), ...pair('two', 1), ...pair('three')]
    const tokens = read(cookies, keys).tokens.map(({ token }) => token)
    expect(tokens).toEqual(expect.arrayContaining(['one', 'three']))
    expect(tokens).toEqual(['one', 'two', 'three'].filter((value) => tokens.includes(value)))
  })

  test('R29: an empty value is no token, even with a good signature', () => {
    expect(read(pair(''), keys).tokens).toEqual([])
    expect(read([...pair(''), ...pair('own')], keys).tokens.map(({ token }) => token)).toEqual(['own'])
  })
})

test('R63: 6 KB of planted pairs compute at most twelve signatures, where one request computes one', () => {
  const planted = Array.from({ length: 130 }, (_, index) => wrong(`planted${index}`)).flat()
  expect(planted.join('; ').length).toBeGreaterThan(6 * 1024)
  const own = pair('own')
  expect(countSignatures(() => read(own, SECRETS))).toBe(1)
  expect(countSignatures(() => read(planted, SECRETS))).toBeLessThanOrEqual(12)
})

test('R63: a pair that was verified before costs no signature in a crowd', () => {
  const transport = new CookieTransport('s')
  const readWith = (cookies: string[]) => transport.read(contextOf(cookies, { keys: [...SECRETS] }), { signed: true })
  readWith(pair('own'))
  expect(readWith([...crowd(30), ...pair('own')]).tokens).toEqual([{ token: 'own', outdated: false }])
})

test('R63: a Keygrip is asked a few times, however many pairs there are', () => {
  const keygrip = new Keygrip(SECRETS)
  const [sign, index] = [jest.spyOn(keygrip, 'sign'), jest.spyOn(keygrip, 'index')]
  read(Array.from({ length: 60 }, (_, place) => wrong(`planted${place}`)).flat(), keygrip)
  expect(sign.mock.calls.length).toBeLessThanOrEqual(12 + 5 * SECRETS.length)
  const before = index.mock.calls.length
  read([...wrong('one'), ...wrong('two')], keygrip)
  expect(index.mock.calls.length - before).toBeLessThanOrEqual(4)
  expect(before).toBeLessThanOrEqual(5)
})

test.each([[false], [true]])(
  'R63: six values of one name at most are tried for one request, each once; signed: %s',
  (signed) => {
    const values = Array.from({ length: 30 }, (_, index) => pair(`value${index}`)).flat()
    expect(read(values, SECRETS, signed).tokens).toHaveLength(6)
    expect(read([...pair('own'), ...pair('own'), ...pair('own')], SECRETS, signed).tokens).toHaveLength(1)
  },
)
