import { deflateRawSync } from 'node:zlib'
import { sealed, SessionError } from 'koa-session-service'
import { deriveKey, seal } from '../../../src/codecs/sealing'

const KEY = 'the first secret, of more than thirty-two bytes'
const NAME = 'koa.sess'
const KEEPS_IT_LONG = { text: 'tea '.repeat(300), _session: true as const }
const MEGABYTE = 1024 * 1024

const codec = sealed({ keys: [KEY], compressAbove: 1000 })

function flagsOf(token: string): number {
  return Buffer.from(token, 'base64url')[1]
}

/** A good seal around a deflated text of any length, as nobody without the key can make it. */
function sealDeflated(plain: Buffer): string {
  const tag = deriveKey(Buffer.from(KEY), 'koa-session-service key tag').subarray(0, 4)
  const header = Buffer.concat([Buffer.from([1, 1]), tag])
  const key = deriveKey(Buffer.from(KEY), `koa-session-service sealed cookie ${NAME}`)
  const body = seal(key, deflateRawSync(plain), Buffer.concat([header, Buffer.from(NAME)]))
  return Buffer.concat([header, body]).toString('base64url')
}

it('R36: a record above the threshold is compressed, and comes back', () => {
  const token = codec.encode(KEEPS_IT_LONG, NAME)
  expect(flagsOf(token)).toBe(1)
  expect(token.length).toBeLessThan(300)
  expect(codec.decode(token, NAME)).toEqual(KEEPS_IT_LONG)
})

it('R36: a record of exactly the threshold is not compressed, and one byte more is', () => {
  const overhead = JSON.stringify({ text: '' }).length
  expect(flagsOf(codec.encode({ text: 'x'.repeat(1000 - overhead) }, NAME))).toBe(0)
  expect(flagsOf(codec.encode({ text: 'x'.repeat(1001 - overhead) }, NAME))).toBe(1)
})

it('R36: a codec compresses nothing unless the option asks for it', () => {
  const plain = sealed({ keys: [KEY] })
  const token = plain.encode(KEEPS_IT_LONG, NAME)
  expect(flagsOf(token)).toBe(0)
  expect(token.length).toBeGreaterThan(1200)
})

it('R36: a codec without the option opens what one with it has sealed', () => {
  expect(sealed({ keys: [KEY] }).decode(codec.encode(KEEPS_IT_LONG, NAME), NAME)).toEqual(KEEPS_IT_LONG)
})

it('R36: a record of 200 KB can be inflated', () => {
  const record = { text: 'x'.repeat(200 * 1024) }
  expect(codec.decode(sealDeflated(Buffer.from(JSON.stringify(record))), NAME)).toEqual(record)
})

it('R36: a deflated bomb under a good seal is not inflated: 64 MB in a cookie give undefined and take no memory', () => {
  const bomb = sealDeflated(Buffer.from(JSON.stringify({ text: 'x'.repeat(64 * MEGABYTE) })))
  expect(bomb.length).toBeLessThan(MEGABYTE / 8)
  const before = process.memoryUsage()
  expect(codec.decode(bomb, NAME)).toBeUndefined()
  const after = process.memoryUsage()
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(2 * MEGABYTE)
})

it('R36: a record that could not be inflated again is not sealed', () => {
  expect(() => codec.encode({ text: 'x'.repeat(300 * 1024) }, NAME)).toThrow(SessionError)
})

it('R36: bytes that cannot be inflated under a good seal give undefined', () => {
  const tag = deriveKey(Buffer.from(KEY), 'koa-session-service key tag').subarray(0, 4)
  const header = Buffer.concat([Buffer.from([1, 1]), tag])
  const key = deriveKey(Buffer.from(KEY), `koa-session-service sealed cookie ${NAME}`)
  const body = seal(key, Buffer.from('{"user":"ann"}'), Buffer.concat([header, Buffer.from(NAME)]))
  expect(codec.decode(Buffer.concat([header, body]).toString('base64url'), NAME)).toBeUndefined()
})
