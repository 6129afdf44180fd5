import { createDecipheriv, hkdfSync } from 'node:crypto'
import { sealed, SessionError } from 'koa-session-service'
import { createSessionApp } from '../../support/app/session-app'

const KEY = 'the first secret, of more than thirty-two bytes'
const OLD_KEY = 'an older secret, of more than thirty-two bytes!'
const RECORD = { user: 'ann', cart: ['tea', 'Käse', '🍵'], _expire: 1_900_000_000_000, _maxAge: 86_400_000 }

/** Opens a sealed cookie with nothing but its documented format: version, flags, key tag, nonce, ciphertext, tag. */
function openByHand(text: string, secret: string, name: string): unknown {
  const bytes = Buffer.from(text, 'base64url')
  const key = Buffer.from(hkdfSync('sha256', secret, '', `koa-session-service sealed cookie ${name}`, 32))
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(6, 18))
  decipher.setAAD(Buffer.concat([bytes.subarray(0, 6), Buffer.from(name)]))
  decipher.setAuthTag(bytes.subarray(-16))
  return JSON.parse(decipher.update(bytes.subarray(18, -16), undefined, 'utf8') + decipher.final('utf8'))
}

describe('sealed()', () => {
  it('R36: sealed() opens what it has sealed', () => {
    const codec = sealed({ keys: [KEY] })
    expect(codec.decode(codec.encode(RECORD, 'a'), 'a')).toEqual(RECORD)
  })

  it('R36: an independent implementation opens it: AES-256-GCM, HKDF, the name and the header authenticated', () => {
    const text = sealed({ keys: [KEY] }).encode(RECORD, 'koa.sess')
    expect(openByHand(text, KEY, 'koa.sess')).toEqual(RECORD)
    expect(Buffer.from(text, 'base64url').subarray(0, 2)).toEqual(Buffer.from([1, 0]))
  })

  it('R36: keys of sealed() can be bytes', () => {
    const text = sealed({ keys: [Buffer.from(KEY)] }).encode(RECORD, 'a')
    expect(sealed({ keys: [KEY] }).decode(text, 'a')).toEqual(RECORD)
    expect(sealed({ keys: [new Uint8Array(Buffer.from(KEY))] }).decode(text, 'a')).toEqual(RECORD)
  })

  it("R36: the cookie's name is bound in: a seal made for one name is nothing for another", () => {
    const codec = sealed({ keys: [KEY] })
    const text = codec.encode(RECORD, 'visitor')
    for (const name of ['admin', 'visito', 'visitors', 'Visitor', '']) expect(codec.decode(text, name)).toBeUndefined()
  })

  it('R36: two seals of one record have nothing in common but the header, since each has a fresh nonce', () => {
    const codec = sealed({ keys: [KEY] })
    const seals = Array.from({ length: 1000 }, () => Buffer.from(codec.encode(RECORD, 'a'), 'base64url'))
    expect(new Set(seals.map((bytes) => bytes.subarray(6, 18).toString('hex'))).size).toBe(1000)
    expect(new Set(seals.map((bytes) => bytes.subarray(18).toString('hex'))).size).toBe(1000)
    expect(new Set(seals.map((bytes) => bytes.subarray(0, 6).toString('hex'))).size).toBe(1)
  })

  it('R36: a sealed text tells neither keys nor values', () => {
    const bytes = Buffer.from(sealed({ keys: [KEY] }).encode(RECORD, 'a'), 'base64url').toString('latin1')
    for (const word of ['user', 'ann', 'cart', '_expire']) expect(bytes).not.toContain(word)
  })

  it('R36: old keys of sealed() open, and the first one seals', () => {
    const old = sealed({ keys: [OLD_KEY] })
    const rotated = sealed({ keys: [KEY, OLD_KEY] })
    expect(rotated.decode(old.encode(RECORD, 'a'), 'a')).toEqual(RECORD)
    const text = rotated.encode(RECORD, 'a')
    expect(openByHand(text, KEY, 'a')).toEqual(RECORD)
    expect(old.decode(text, 'a')).toBeUndefined()
  })

  it('R36: a key of sealed() that was dropped opens nothing any more', () => {
    const text = sealed({ keys: [OLD_KEY] }).encode(RECORD, 'a')
    expect(sealed({ keys: [KEY] }).decode(text, 'a')).toBeUndefined()
  })

  it.each([
    ['none', undefined],
    ['an empty list', []],
    ['a text in place of a list', KEY],
    ['a short text', ['x'.repeat(31)]],
    ['a short one behind a good one', [KEY, 'short']],
    ['short bytes', [Buffer.alloc(31)]],
    ['a number', [2 ** 31]],
    ['nothing', [undefined]],
  ])('R36: keys of sealed() that are %s are refused', (_name, keys) => {
    const make = () => sealed({ keys: keys as string[] })
    expect(make).toThrow(SessionError)
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_SESSION_OPTIONS' }))
    expect(make).toThrow(/32 bytes/)
    expect(make).toThrow(expect.objectContaining({ message: expect.not.stringContaining('short') }))
  })

  it('R36: 32 bytes are enough for a key of sealed(), and bytes are what counts', () => {
    expect(() => sealed({ keys: ['x'.repeat(32)] })).not.toThrow()
    expect(() => sealed({ keys: ['ä'.repeat(16)] })).not.toThrow()
  })
})

describe('a session in a sealed cookie', () => {
  it('R36: a session in a sealed cookie has no signature beside it, and needs no app.keys', async () => {
    const { app, visitor } = createSessionApp({ codec: sealed({ keys: [KEY] }) })
    app.keys = undefined as never
    const ann = visitor()
    expect((await ann.get('/set?user=ann')).setCookie).toEqual([expect.stringMatching(/^koa\.sess=[\w-]+;/)])
    expect((await ann.get('/')).json()).toEqual({ user: 'ann' })
  })

  it('R36: a session in a sealed cookie is signed on top where that is asked for', async () => {
    const ann = createSessionApp({ codec: sealed({ keys: [KEY] }), signed: true }).visitor()
    await ann.get('/set?user=ann')
    expect([...ann.jar.values.keys()]).toEqual(['koa.sess', 'koa.sess.sig'])
    ann.jar.values.delete('koa.sess.sig')
    expect((await ann.get('/')).json()).toEqual({})
  })

  it('R36: a session in a sealed cookie goes on under a rotated key, and is over when the old key is dropped', async () => {
    const ann = createSessionApp({ codec: sealed({ keys: [OLD_KEY] }) }).visitor()
    await ann.get('/set?user=ann')
    const rotated = createSessionApp({ codec: sealed({ keys: [KEY, OLD_KEY] }) })
    expect((await rotated.visitor(ann.jar.copy()).get('/')).json()).toEqual({ user: 'ann' })
    const dropped = createSessionApp({ codec: sealed({ keys: [KEY] }) })
    expect(await dropped.visitor(ann.jar.copy()).get('/')).toMatchObject({ status: 200, body: '{}' })
  })
})
