import { createHmac } from 'node:crypto'
import Keygrip from 'keygrip'
import { MemoryStore, type SessionOptions } from 'koa-session-service'
import type { Visitor } from '../../support/app/app'
import { createSessionApp, type SessionApp } from '../../support/app/session-app'

const PLACES: [string, () => SessionOptions][] = [
  ['a record', () => ({})],
  ['an id', () => ({ store: new MemoryStore() })],
]
const REPLACEMENTS = ['A', 'a', '0', '9', '-', '_', '=', '+', '/', '.', '"', ' ', ';', ',', '%', '\t', 'é']

interface Signed {
  served: SessionApp
  /** Sends the cookies that it is given. */
  stranger: Visitor
  value: string
  signature: string
}

async function signIn(options: SessionOptions, user = 'ann'): Promise<Signed> {
  const served = createSessionApp(options)
  const visitor = served.visitor()
  await visitor.get(`/set?user=${user}`)
  const [value = '', signature = ''] = visitor.jar.values.values()
  return { served, stranger: served.visitor(), value, signature }
}

async function isAccepted({ stranger }: Signed, value: string, signature?: string): Promise<boolean> {
  const cookie = `koa.sess=${value}${signature === undefined ? '' : `; koa.sess.sig=${signature}`}`
  const { status, body } = await stranger.get('/', { cookie })
  if (status !== 200) throw new Error(`${status} for ${cookie}`)
  return body !== '{}'
}

function* mutations(text: string): Generator<string> {
  for (let position = 0; position < text.length; position++) {
    for (const replacement of REPLACEMENTS) {
      if (replacement !== text[position]) yield text.slice(0, position) + replacement + text.slice(position + 1)
    }
  }
}

describe.each(PLACES)('a signed cookie with %s', (_name, options) => {
  it('R29: a signed cookie is accepted as it is', async () => {
    const session = await signIn(options())
    expect(await isAccepted(session, session.value, session.signature)).toBe(true)
  })

  it('R29: every one-character change of a signed value is rejected', async () => {
    const session = await signIn(options())
    const accepted: string[] = []
    for (const value of mutations(session.value)) {
      if (await isAccepted(session, value, session.signature)) accepted.push(value)
    }
    expect(accepted).toEqual([])
  })

  it('R29: every one-character change of a signature is rejected', async () => {
    const session = await signIn(options())
    const accepted: string[] = []
    for (const signature of mutations(session.signature)) {
      if (await isAccepted(session, session.value, signature)) accepted.push(signature)
    }
    expect(accepted).toEqual([])
  })

  it('R29: every truncation of value and signature is rejected', async () => {
    const session = await signIn(options())
    const { value, signature } = session
    for (let length = 0; length < value.length; length++) {
      expect(await isAccepted(session, value.slice(0, length), signature)).toBe(false)
    }
    for (let length = 0; length < signature.length; length++) {
      expect(await isAccepted(session, value, signature.slice(0, length))).toBe(false)
    }
  })

  it('R29: a signature that is missing, empty, in another alphabet, or padded is rejected', async () => {
    const session = await signIn(options())
    const { value, signature } = session
    const variants = [
      undefined,
      '',
      ' ',
      '=',
      `${signature}=`,
      `${signature} `,
      signature.toUpperCase(),
      'undefined',
      'null',
    ]
    const standard = Buffer.from(signature, 'base64url').toString('base64')
    const hexadecimal = Buffer.from(signature, 'base64url').toString('hex')
    for (const variant of [...variants, standard, hexadecimal]) {
      expect(await isAccepted(session, value, variant)).toBe(false)
    }
  })

  it("R29: another session's signature, of the same app and the same key, is rejected", async () => {
    const session = await signIn(options())
    const visitor = session.served.visitor()
    await visitor.get('/set?user=bea')
    const [value = '', signature = ''] = visitor.jar.values.values()
    expect(await isAccepted(session, value, signature)).toBe(true)
    expect(await isAccepted(session, session.value, signature)).toBe(false)
    expect(await isAccepted(session, value, session.signature)).toBe(false)
    expect(await isAccepted(session, session.signature, session.value)).toBe(false)
  })

  it('R29: SHA-256, SHA-512 and MD5 under the right key in the place of SHA-1 are rejected', async () => {
    const session = await signIn(options())
    for (const algorithm of ['sha256', 'sha512', 'md5']) {
      const digest = createHmac(algorithm, 'a test key').update(`koa.sess=${session.value}`).digest()
      for (const encoding of ['base64url', 'base64', 'hex'] as const) {
        expect(await isAccepted(session, session.value, digest.toString(encoding))).toBe(false)
      }
    }
  })

  it('R29: a good signature of anything but this name and this value is rejected', async () => {
    const session = await signIn(options())
    const keys = new Keygrip(['a test key'])
    for (const signed of [
      session.value,
      `=${session.value}`,
      `koa.sess.sig=${session.value}`,
      `other=${session.value}`,
      '',
    ]) {
      expect(await isAccepted(session, session.value, keys.sign(signed))).toBe(false)
    }
    expect(await isAccepted(session, session.value, keys.sign(`koa.sess=${session.value}`))).toBe(true)
  })

  it('R29: a signature under a key that the app does not have is rejected', async () => {
    const session = await signIn(options())
    for (const key of ['', 'a test', 'a test key ', 'A test key']) {
      const signature = createHmac('sha1', key).update(`koa.sess=${session.value}`).digest('base64url')
      expect(await isAccepted(session, session.value, signature)).toBe(false)
    }
  })
})
