import * as structured from '@ungap/structured-clone/json'
import { Base64Codec } from '../../../src/codecs/base64-codec'
import { CustomCodec } from '../../../src/codecs/custom-codec'
import { sealed } from '../../../src/codecs/sealed-codec'
import { isTooDeep } from '../../../src/codecs/nesting'
import { SessionError } from '../../../src/base/errors'
import type { TextCodec } from '../../../src/contracts/codec'

const DEEP = 5_000
const MOST = 1_500
const KEYS = ['a secret of more than thirty-two bytes']
const EXPIRES = '"_expire":4102444800000'

/** A record's JSON that is nested so deep. */
const objects = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
const lists = (depth: number) => `{${EXPIRES},"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`
const closed = (count: number) => JSON.stringify({ a: Array.from({ length: count }, () => [{}]) })
const inText = (depth: number) => JSON.stringify({ text: `\\"${'[{"'.repeat(depth)}` })

const toCookie = (json: string) => Buffer.from(json).toString('base64')
const base64 = new Base64Codec()
/** Makes sealed texts of any depth: its serializer is not JSON, so that the brackets are not counted. */
const anyDepth = sealed({ keys: KEYS, serializer: { stringify: JSON.stringify, parse: JSON.parse } }) as TextCodec
const seal = sealed({ keys: KEYS, compressAbove: 100 }) as TextCodec

test('R29: a text that is nested as deep as allowed is written by JSON.stringify of every Node', () => {
  expect(() => JSON.stringify(JSON.parse(objects(MOST)))).not.toThrow()
})

describe.each([
  ['objects', objects],
  ['lists', lists],
])('a cookie of %s in each other', (_, json) => {
  test.each([DEEP, 20_000])('R29: a cookie nested %i deep is none of ours, in base64 and sealed', (depth) => {
    expect(base64.unwrap(toCookie(json(depth)))).toBeNull()
    expect(base64.decode(toCookie(json(depth)))).toBeUndefined()
    const token = anyDepth.wrap(json(depth), 's')
    expect(seal.unwrap(token, 's')).toBeUndefined()
    expect(seal.decode(token, 's')).toBeUndefined()
    expect(anyDepth.decode(token, 's')).toBeUndefined()
  })

  test.each([DEEP, 20_000])('R29: a cookie nested %i deep is none of ours with a decode option', (depth) => {
    const parse = (text: string): unknown => JSON.parse(Buffer.from(text, 'base64').toString())
    const codec = new CustomCodec(() => '', parse)
    expect(codec.decode(toCookie(json(depth)))).toBeUndefined()
  })

  test('R29: a cookie that is nested as deep as 4,096 bytes allow is read', () => {
    expect(base64.unwrap(toCookie(json(MOST)))).toBe(json(MOST))
    expect(base64.decode(toCookie(json(MOST)))).toEqual(JSON.parse(json(MOST)))
    expect(seal.unwrap(seal.wrap(json(MOST), 's'), 's')).toBe(json(MOST))
    expect(base64.unwrap(toCookie(json(MOST + 1)))).toBeNull()
    expect(isTooDeep(JSON.parse(json(MOST)))).toBe(false)
    expect(isTooDeep(JSON.parse(json(MOST + 1)))).toBe(true)
  })
})

test.each([
  ['side by side', closed(DEEP)],
  ['in a text', inText(DEEP)],
])('R29: brackets %s do not count as depth', (_, json) => {
  expect(() => void JSON.parse(json)).not.toThrow()
  expect(base64.unwrap(toCookie(json))).toBe(json)
  expect(base64.decode(toCookie(json))).toEqual(JSON.parse(json))
  expect(seal.unwrap(seal.wrap(json, 's'), 's')).toBe(json)
})

test('R29: a decode option that runs out of stack has read none of ours; its other errors stay errors', () => {
  const dive = (depth: number): number => 1 + dive(depth + 1)
  expect(new CustomCodec(() => '', dive.bind(null, 0)).decode('x')).toBeNull()
  const broken = new CustomCodec(
    () => '',
    () => {
      throw new RangeError('no such year')
    },
  )
  expect(() => broken.decode('x')).toThrow('no such year')
})

test('R29: a record that could not be read back is not sealed', () => {
  for (const make of [() => seal.wrap(objects(MOST + 1), 's'), () => anyDepth.encode(JSON.parse(objects(DEEP)), 's')]) {
    expect(make).toThrow(SessionError)
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_SESSION_NOT_SERIALIZABLE' }))
    expect(make).toThrow(/1500 levels.*flatter.*store/s)
  }
})

describe('values of another serializer', () => {
  const codec = new Base64Codec({ serializer: structured })
  const nest = (depth: number, wrap: (value: unknown) => unknown) => {
    let value: unknown = 1
    for (let level = 1; level < depth; level++) value = wrap(value)
    return { value }
  }

  test.each<[string, (value: unknown) => unknown]>([
    ['maps', (value) => new Map([['a', value]])],
    ['keys of maps', (value) => new Map([[value, 'a']])],
    ['sets', (value) => new Set([value])],
  ])('R29: %s in each other count as depth', (_, wrap) => {
    expect(isTooDeep(nest(MOST, wrap))).toBe(false)
    expect(isTooDeep(nest(MOST + 1, wrap))).toBe(true)
  })

  test('R29: a record that holds itself is not deep, and is read', () => {
    const record: Record<string, unknown> = { list: [1, null, undefined, 2] }
    record.self = record
    expect(isTooDeep(record)).toBe(false)
    expect(codec.decode(codec.encode(record))).toEqual(record)
  })

  test("R29: texts in another serializer's values may have any brackets", () => {
    const record = { text: '[{'.repeat(DEEP) }
    expect(codec.decode(codec.encode(record))).toEqual(record)
  })
})
