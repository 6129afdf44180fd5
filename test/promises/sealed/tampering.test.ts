import { createCipheriv, randomBytes } from 'node:crypto'
import { sealed } from 'koa-session-service'
import { deriveKey } from '../../../src/codecs/sealing'

const KEY = 'the first secret, of more than thirty-two bytes'
const RECORD = { user: 'ann', _session: true as const }
const NAME = 'koa.sess'
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

const codec = sealed({ keys: [KEY] })
const text = codec.encode(RECORD, NAME)

/** The sealed text, with any bytes in the place of its JSON. */
function sealAnything(plain: Buffer, header = Buffer.from(text, 'base64url').subarray(0, 6)): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv(
    'aes-256-gcm',
    deriveKey(Buffer.from(KEY), `koa-session-service sealed cookie ${NAME}`),
    nonce,
  )
  cipher.setAAD(Buffer.concat([header, Buffer.from(NAME)]))
  return Buffer.concat([header, nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString('base64url')
}

it('R36: a seal with another character at any position is rejected, and none throws', () => {
  const accepted: string[] = []
  for (let position = 0; position < text.length; position++) {
    for (const character of ALPHABET + '=+/ .~%\u0000') {
      if (character === text[position]) continue
      const mutated = text.slice(0, position) + character + text.slice(position + 1)
      if (codec.decode(mutated, NAME) !== undefined) accepted.push(mutated)
    }
  }
  expect(accepted).toEqual([])
})

it('R36: a seal that is truncated at either end is rejected', () => {
  for (let length = 0; length < text.length; length++) {
    expect(codec.decode(text.slice(0, length), NAME)).toBeUndefined()
    expect(codec.decode(text.slice(text.length - length), NAME)).toBeUndefined()
  }
})

it('R36: a seal with a character put in or left out anywhere is rejected', () => {
  for (let position = 0; position <= text.length; position++) {
    const [before, after] = [text.slice(0, position), text.slice(position)]
    for (const character of ['A', '=', ' ', '\n', '-', '_', '.', '%']) {
      expect(codec.decode(before + character + after, NAME)).toBeUndefined()
    }
    if (after) expect(codec.decode(before + after.slice(1), NAME)).toBeUndefined()
  }
})

it.each([1, 2, 3])(
  'R36: base64url has one text for each seal: no padding, no other alphabet, no spare bits (%i)',
  (size) => {
    const token = codec.encode({ ...RECORD, pad: 'x'.repeat(size) }, NAME)
    const bytes = Buffer.from(token, 'base64url')
    const aliases = [
      ...['=', '==', ' ', '\n', '#', '.', '\u00ff'].flatMap((rest) => [token + rest, rest + token]),
      bytes.toString('base64'),
      ...Array.from(ALPHABET, (character) => token.slice(0, -1) + character),
    ].filter((alias) => alias !== token)
    expect(aliases.some((alias) => Buffer.from(alias, 'base64url').equals(bytes))).toBe(true)
    expect(aliases.filter((alias) => codec.decode(alias, NAME) !== undefined)).toEqual([])
  },
)

it.each([
  ['not JSON', 'user'],
  ['nothing', ''],
  ['a text', '"abc"'],
  ['an array', '[1,2]'],
  ['a number', '5'],
  ['null', 'null'],
  ['true', 'true'],
  ['bytes that are not UTF-8', Buffer.from([0xff, 0xfe, 0x00])],
])('R36: a good seal around %s is no record', (_name, plain) => {
  expect(codec.decode(sealAnything(Buffer.from(plain)), NAME)).toBeUndefined()
})

it('R36: a good seal of another version is rejected, and of this one accepted', () => {
  const [, flags, ...tag] = Buffer.from(text, 'base64url').subarray(0, 6)
  const plain = Buffer.from(JSON.stringify(RECORD))
  expect(codec.decode(sealAnything(plain, Buffer.from([1, flags, ...tag])), NAME)).toEqual(RECORD)
  for (const version of [0, 2, 255]) {
    expect(codec.decode(sealAnything(plain, Buffer.from([version, flags, ...tag])), NAME)).toBeUndefined()
  }
})

it.each(['', 'A', '.', '%', 'null', 'undefined', '__proto__', 'AQ', 'A'.repeat(8000), '\u0000', 'é'])(
  'R36: the text %j in the place of a seal is rejected',
  (nonsense) => {
    expect(codec.decode(nonsense, NAME)).toBeUndefined()
  },
)
