import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  randomBytes,
  randomUUID,
  timingSafeEqual,
} from 'node:crypto'
import type { Context } from 'koa'
import { asynchronous, plainStore } from './plain-store'
import type { Scenario } from './scenarios'
import type { Work } from './work'

const KEY = 'koa.sess'
const SIGNATURE = `${KEY}.sig`
const ONE_DAY = 86_400_000

type Record = { [name: string]: unknown }

/**
 * The least work that makes koa-session's cookies and notices a change, also one within an object, in a bare Koa middleware. It
 * remembers nothing between requests: who remembers verified signatures can read in less.
 */
export function floor(
  { mode, action, rolling, lazy, promises }: Scenario,
  secret: string,
  work: Work,
): (ctx: Context) => void | Promise<void> {
  const sign = (text: string): string => createHmac('sha1', secret).update(text).digest('base64url')
  const texts = new Map<string, string>()
  const isPassive = action === 'none' && (mode === 'cookie' || lazy)

  function verified(header: string | undefined): string | undefined {
    const [value, signature] = header === undefined ? [] : findCookies(header)
    if (value === undefined || signature === undefined) return undefined
    return isEqual(sign(`${KEY}=${value}`), signature) ? value : undefined
  }

  function setCookies(ctx: Context, value: string): void {
    const attributes = `; path=/; expires=${expires()}; httponly`
    const pair = `${KEY}=${value}`
    ctx.res.setHeader('set-cookie', [pair + attributes, `${SIGNATURE}=${sign(pair)}${attributes}`])
  }

  function cookieFloor(ctx: Context, value: string | undefined): void {
    const before = value === undefined ? '{}' : Buffer.from(value, 'base64').toString()
    const text = answered(ctx, before)
    if (rolling || isChanged(before, text)) setCookies(ctx, timed(text).toString('base64'))
  }

  /** Lets the handler work on a record. Returns its data as they are then. */
  function answered(ctx: Context, record: string): string {
    const { _expire, _maxAge, ...data } = JSON.parse(record) as Record
    ctx.body = work(ctx.url, () => data)
    return JSON.stringify(data)
  }

  const sealingKey = createHash('sha256').update(secret).digest()
  function sealedFloor(ctx: Context): void {
    const [value] = findCookies(ctx.req.headers.cookie ?? '')
    const before = value === undefined ? '{}' : unseal(value, sealingKey)
    const text = answered(ctx, before)
    if (!isChanged(before, text)) return
    ctx.res.setHeader('set-cookie', `${KEY}=${seal(timed(text), sealingKey)}; path=/; expires=${expires()}; httponly`)
  }

  function storeFloor(ctx: Context, id: string | undefined): void {
    const text = id === undefined ? undefined : texts.get(id)
    let data: Record | undefined
    ctx.body = work(ctx.url, () => (data = text === undefined ? {} : (JSON.parse(text) as Record)))
    if (text !== undefined && action !== 'write') return
    const key = id ?? randomUUID()
    texts.set(key, withLifetime(data as Record))
    setCookies(ctx, key)
  }

  /** Such a store hands out objects: that one was changed shows in its text alone, before the handler and after it. */
  const store = asynchronous(plainStore())
  async function promisesFloor(ctx: Context, id: string | undefined): Promise<void> {
    const found = id === undefined ? undefined : ((await store.get(id)) as Record | undefined)
    const before = found && JSON.stringify(found)
    const data = found ?? {}
    ctx.body = work(ctx.url, () => data)
    if (before !== undefined && (action === 'none' || JSON.stringify(data) === before)) return
    const key = id ?? randomUUID()
    await store.set(key, recordOf(data))
    setCookies(ctx, key)
  }

  return function floorOfSession(ctx) {
    if (isPassive && ctx.get('cookie') !== '') return void (ctx.body = work(ctx.url, () => undefined))
    if (mode === 'sealed') return sealedFloor(ctx)
    const value = verified(ctx.req.headers.cookie)
    if (mode === 'cookie') return cookieFloor(ctx, value)
    if (promises) return promisesFloor(ctx, value)
    storeFloor(ctx, value)
  }
}

/** The values of the cookie and of its signature, in one pass. */
function findCookies(header: string): [string?, string?] {
  let value: string | undefined
  let signature: string | undefined
  for (let start = 0; start < header.length;) {
    const end = header.indexOf(';', start)
    const stop = end === -1 ? header.length : end
    if (header.startsWith(`${KEY}=`, start)) value = header.slice(start + KEY.length + 1, stop)
    else if (header.startsWith(`${SIGNATURE}=`, start)) signature = header.slice(start + SIGNATURE.length + 1, stop)
    start = stop + 2
  }
  return [value, signature]
}

function isEqual(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one, 'latin1'), Buffer.from(other, 'latin1'))
}

function recordOf(data: Record): Record {
  return { ...data, _expire: Date.now() + ONE_DAY, _maxAge: ONE_DAY }
}

function withLifetime(data: Record): string {
  return JSON.stringify(recordOf(data))
}

/** The lifetime stands behind the data. */
function isChanged(record: string, text: string): boolean {
  return !record.startsWith(text.slice(0, -1))
}

function timed(text: string): Buffer {
  return Buffer.from(`${text.slice(0, -1)},"_expire":${Date.now() + ONE_DAY},"_maxAge":${ONE_DAY}}`)
}

/** AES-256-GCM: nonce, tag and ciphertext. */
function seal(plain: Buffer, key: Buffer): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const sealed = [cipher.update(plain), cipher.final()]
  return Buffer.concat([nonce, cipher.getAuthTag(), ...sealed]).toString('base64url')
}

function unseal(value: string, key: Buffer): string {
  const sealed = Buffer.from(value, 'base64url')
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12))
  decipher.setAuthTag(sealed.subarray(12, 28))
  const plain = decipher.update(sealed.subarray(28))
  decipher.final()
  return plain.toString()
}

let second = 0
let date = ''

/** A cookie's date counts seconds: it is made once for each. */
function expires(): string {
  const now = Math.floor(Date.now() / 1000)
  if (now !== second) {
    second = now
    date = new Date(now * 1000 + ONE_DAY).toUTCString()
  }
  return date
}
