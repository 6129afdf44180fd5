import { randomBytes } from 'node:crypto'
import Keygrip from 'keygrip'
import { MemoryStore, type SessionOptions } from 'koa-session-service'
import type { CookieJar } from '../../support/app/app'
import { BACKENDS, backendsWith } from '../../support/backends/backends'
import { createSessionApp, type SessionApp } from '../../support/app/session-app'

const KEYS = new Keygrip(['a test key'])

/** A cookie of the name that a subdomain has planted, with a signature if it can have one. */
interface Plant {
  name: string
  /** The cookies, as `name=value`. */
  make: (served: SessionApp) => Promise<string[]> | string[]
}

const signed = (value: string): string[] => [`koa.sess=${value}`, `koa.sess.sig=${KEYS.sign(`koa.sess=${value}`)}`]

const PLANTS: Plant[] = [
  { name: 'nonsense', make: () => ['koa.sess=nonsense'] },
  { name: 'nothing', make: () => ['koa.sess='] },
  { name: 'a record of its own making', make: () => [`koa.sess=${base64({ user: 'eve', _session: true })}`] },
  { name: 'a signature that is wrong', make: () => ['koa.sess=nonsense', 'koa.sess.sig=wrong'] },
  { name: 'a long text', make: () => [`koa.sess=${'x'.repeat(3_000)}`, `koa.sess.sig=${'x'.repeat(3_000)}`] },
  { name: 'a signature alone', make: () => ['koa.sess.sig=wrong'] },
  { name: 'a good signature of a dead id', make: () => signed('0e1f9aa1-1111-4222-8333-944445555666') },
  { name: 'a good signature of nonsense', make: () => signed('nonsense') },
  { name: 'a good signature of an expired record', make: () => signed(base64({ user: 'eve', _expire: 1 })) },
  { name: 'a session that its owner has left', make: leftSession },
]

function base64(record: object): string {
  return Buffer.from(JSON.stringify(record)).toString('base64')
}

async function leftSession({ visitor }: SessionApp): Promise<string[]> {
  const eve = visitor()
  await eve.get('/set?user=eve')
  const cookies = pairs(eve.jar)
  await eve.get('/logout')
  // A cookie that holds its record is good until it expires: one that was left is as good as a live one there.
  return cookies[0].length < 60 ? cookies : ['koa.sess=left']
}

function pairs(jar: CookieJar): string[] {
  return [...jar.values].map(([name, value]) => `${name}=${value}`)
}

async function read(served: SessionApp, cookies: string[]): Promise<unknown> {
  return (await served.visitor().get('/', { cookie: cookies.join('; ') })).json()
}

describe.each(BACKENDS)('duplicate cookies: $name', ({ options }) => {
  it.each(PLANTS)(
    'R35: the valid cookie is found behind and before $name, and is still good afterwards',
    async ({ make }) => {
      const served = createSessionApp(options())
      const ann = served.visitor()
      await ann.get('/set?user=ann')
      const [own, planted] = [pairs(ann.jar), await make(served)]
      expect(await read(served, [...planted, ...own])).toEqual({ user: 'ann' })
      expect(await read(served, [...own, ...planted])).toEqual({ user: 'ann' })
      expect(await read(served, [...planted, ...planted, ...own, ...planted])).toEqual({ user: 'ann' })
      expect(await read(served, own)).toEqual({ user: 'ann' })
      await ann.get('/', { cookie: [...planted, ...own].join('; ') })
      expect((await ann.get('/')).json()).toEqual({ user: 'ann' })
    },
  )

  it('R35: a change is written to the valid one of several cookies', async () => {
    const served = createSessionApp(options())
    const ann = served.visitor()
    await ann.get('/set?user=ann')
    const cookie = ['koa.sess=planted', ...pairs(ann.jar)].join('; ')
    await ann.get('/set?cart=tea', { cookie })
    expect(await read(served, pairs(ann.jar))).toEqual({ user: 'ann', cart: 'tea' })
  })

  it('R35: five planted pairs do not hide the valid cookie', async () => {
    const served = createSessionApp(options())
    const ann = served.visitor()
    await ann.get('/set?user=ann')
    const planted = Array.from({ length: 5 }, () => signed(randomBytes(16).toString('hex'))).flat()
    expect(await read(served, [...planted, ...pairs(ann.jar)])).toEqual({ user: 'ann' })
  })

  it('R35: a thousand planted cookies do not cause a thousand readings', async () => {
    const served = createSessionApp(options())
    const planted = Array.from({ length: 1000 }, (_, index) => `koa.sess=planted${index}; koa.sess.sig=planted${index}`)
    let missed = 0
    served.app.on('session:missed', () => missed++)
    expect(await read(served, planted)).toEqual({})
    await new Promise(setImmediate)
    expect(missed).toBeLessThanOrEqual(6)
  })
})

describe.each(backendsWith({ hasIds: true }))('duplicate ids: $name', ({ options }) => {
  const unsigned = (): SessionOptions => ({ ...options(), signed: false })

  it('R35: the id that has a record is found among several unsigned cookies', async () => {
    const served = createSessionApp(unsigned())
    const ann = served.visitor()
    await ann.get('/set?user=ann')
    const own = pairs(ann.jar)
    for (const planted of ['koa.sess=dead', 'koa.sess=__proto__', `koa.sess=${'x'.repeat(600)}`, 'koa.sess=../x']) {
      expect(await read(served, [planted, ...own])).toEqual({ user: 'ann' })
      expect(await read(served, [...own, planted])).toEqual({ user: 'ann' })
    }
  })

  it('R35: a logout ends the session of the valid cookie among several', async () => {
    const served = createSessionApp(unsigned())
    const ann = served.visitor()
    await ann.get('/set?user=ann')
    const own = pairs(ann.jar)
    await ann.get('/logout', { cookie: ['koa.sess=dead', ...own].join('; ') })
    expect(await read(served, own)).toEqual({})
  })

  it('R35: a logout that has not loaded the session ends that of the valid cookie among several as well', async () => {
    const served = createSessionApp(
      { ...unsigned(), lazy: true },
      {
        '/set': async (ctx, sessions) => void Object.assign((await sessions.load(ctx)) ?? {}, ctx.query),
        '/': async (ctx, sessions) => (await sessions.load(ctx)) ?? '',
      },
    )
    const ann = served.visitor()
    await ann.get('/set?user=ann')
    const own = pairs(ann.jar)
    await ann.get('/logout', { cookie: ['koa.sess=dead', ...own].join('; ') })
    expect(await read(served, own)).toEqual({})
  })
})

it('R35: the record of the valid cookie is not touched while planted ones are tried', async () => {
  const store = new MemoryStore()
  const served = createSessionApp({ store, signed: false })
  const ann = served.visitor()
  await ann.get('/set?user=ann')
  const before = store.get(ann.jar.values.get('koa.sess') ?? '')
  const { setCookie } = await ann.get('/', { cookie: ['koa.sess=dead', ...pairs(ann.jar)].join('; ') })
  expect(setCookie).toEqual([])
  expect(store.get(ann.jar.values.get('koa.sess') ?? '')).toEqual(before)
  expect(store.size).toBe(1)
})
