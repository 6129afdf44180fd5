import type { Context } from 'koa'
import { MemoryStore, SessionError, type SessionOptions } from 'koa-session-service'
import { BACKENDS, backendsWith, SEALING_KEYS } from '../../support/backends/backends'
import {
  BESIDE,
  challengeIn,
  createBoundSite,
  LIFETIME,
  LONG_KEYS,
  LONG_LIVED,
  offeredIn,
  type BoundBrowser,
  type BoundSite,
  type Instructions,
} from '../../support/device/bound-site'
import { startClock, stopClock } from '../../support/clock'
import { interceptStore } from '../../support/spies/intercept'
import { mutate } from '../../support/device/mutate-proof'
import { cookieNames, cookieOf, parseSetCookie } from '../../support/set-cookie'
import { SoftwareDevice } from '../../support/device/software-device'
import { spyOn } from '../../support/spies/spy-on'

let clock: ReturnType<typeof stopClock>
beforeEach(() => {
  clock = stopClock()
})
afterEach(startClock)

/** An RSA key takes long to make. */
const DEVICES = [new SoftwareDevice('ES256'), new SoftwareDevice('RS256')]
const MINUTE = 60_000
/** How long requests that were under way at the registration go on. */
const UNDER_WAY = 10_000
const DAY = 24 * 60 * MINUTE

async function signedIn(options: SessionOptions = {}): Promise<{ site: BoundSite; browser: BoundBrowser }> {
  const site = createBoundSite(options)
  const browser = site.browser()
  await browser.signIn()
  return { site, browser }
}

/** The cookie that a browser watches is gone after its time; the others stay. */
function forgetShort(browser: BoundBrowser): void {
  for (const name of [watchedBy(browser), `${watchedBy(browser)}.sig`]) browser.jar.values.delete(name)
}

function watchedBy({ jar }: BoundBrowser): string {
  return jar.values.get('koa.sess')?.startsWith('d1.') ? 'koa.sess' : BESIDE
}

describe.each(BACKENDS)('$name', ({ options, hasIds }) => {
  it('R77: a sign-in offers a registration, and other responses offer none', async () => {
    const browser = createBoundSite(options()).browser()
    expect((await browser.get('/set?a=1')).headers).not.toHaveProperty('secure-session-registration')
    expect(offeredIn(await browser.get('/login'))).toMatch(/^[\w-]{60,}$/)
    for (const path of ['/', '/set?a=2', '/bound']) {
      expect((await browser.get(path)).headers).not.toHaveProperty('secure-session-registration')
    }
  })

  it.each(DEVICES)('R77: an $algorithm key is registered, and the session is bound', async (device) => {
    const browser = createBoundSite(options()).browser(device)
    const answer = await browser.signIn()
    expect([await browser.isBound(), await browser.session()]).toEqual([true, { userId: 'ann' }])
    const name = hasIds ? 'koa.sess' : BESIDE
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    expect(answer.json()).toEqual({
      session_identifier: browser.id,
      refresh_url: '/device-bound-session/refresh',
      scope: {
        origin: 'https://localhost:80',
        include_site: false,
        scope_specification: [{ type: 'exclude', domain: '*', path: '/device-bound-session' }],
      },
      credentials: [{ type: 'cookie', name, attributes: 'path=/; secure; httponly' }],
      ...(hasIds ? { allowed_refresh_initiators: ['*'] } : {}),
    })
    const { attributes, expires } = cookieOf(answer, name)
    expect(attributes).toEqual({ path: '/', secure: true, httponly: true })
    expect(expires).toBe(Date.now() + LIFETIME * 0.9)
  })

  it("R77: a copy of all cookies is dead after the binding's lifetime, and no other device can refresh it", async () => {
    const { site, browser } = await signedIn(options())
    const thief = browser.copy()
    expect(await thief.session()).toEqual({ userId: 'ann' })
    clock.advance(LIFETIME)
    expect(await thief.session()).toEqual({})
    const asked = await thief.ask()
    expect(asked.status).toBe(403)
    const refused = await thief.ask(thief.device.prove(challengeIn(asked)))
    expect([refused.status, refused.json()]).toEqual([400, { session_identifier: browser.id, continue: false }])
    expect([await thief.session(), cookieNames(refused)]).toEqual([{}, []])
    expect(await site.unbound()).toEqual(expect.arrayContaining(['expired', 'proof']))
    // A session in its cookie has no id that could be told.
    const expired = site.events.find(({ detail }) => detail.reason === 'expired')
    const { store, ContextStore } = options()
    expect(expired?.detail.session === 'none').toBe(!store && !ContextStore)
  })

  it('R77: a write to a bound session does not make its time longer', async () => {
    const { browser } = await signedIn({ ...options(), rolling: true })
    const thief = browser.copy()
    for (let turn = 0; turn < 3; turn++) {
      clock.advance(LIFETIME / 3)
      await thief.get(`/set?turn=${turn}`)
    }
    expect(await thief.session()).not.toHaveProperty('userId')
  })

  it('R77: the device refreshes as often as it likes, and finds what was written', async () => {
    const { browser } = await signedIn(options())
    for (let turn = 0; turn < 4; turn++) {
      await browser.get(`/set?turn=${turn}`)
      clock.advance(LIFETIME)
      forgetShort(browser)
      const answer = await browser.refresh()
      expect([answer.status, answer.json<Instructions>().session_identifier]).toEqual([200, browser.id])
      expect([await browser.isBound(), await browser.session()]).toEqual([true, { userId: 'ann', turn: `${turn}` }])
    }
  })

  it('R77: each answer to a refresh brings the challenge of the next', async () => {
    const { browser } = await signedIn(options())
    let answer = await browser.refresh()
    for (let turn = 0; turn < 3; turn++) {
      clock.advance(1)
      answer = await browser.ask(browser.device.prove(challengeIn(answer)))
      expect(answer.status).toBe(200)
    }
  })

  it.each([
    { crossSite: 'refuse', origin: 'https://elsewhere.example' },
    { crossSite: 'anonymous', origin: 'https://elsewhere.example' },
    { crossSite: 'refuse', origin: 'null' },
  ] as const)('R77: a refresh that a link from $origin has caused goes on with crossSite: $crossSite', async (row) => {
    const { site, browser } = await signedIn({ ...options(), crossSite: row.crossSite })
    clock.advance(LIFETIME)
    forgetShort(browser)
    const answer = await browser.refresh({ 'sec-fetch-site': 'cross-site', origin: row.origin })
    expect([answer.status, answer.json<Instructions>().session_identifier]).toEqual([200, browser.id])
    expect(await browser.isBound()).toBe(true)
    const foreign = await browser.visitor.post('/set?a=1', undefined, { 'sec-fetch-site': 'cross-site' })
    expect([foreign.status, foreign.setCookie]).toEqual([row.crossSite === 'refuse' ? 403 : 200, []])
    expect(await browser.session()).toEqual({ userId: 'ann' })
    expect(site.errors).toHaveLength(row.crossSite === 'refuse' ? 1 : 0)
  })

  it('R77: a refresh counts as no use of the session: it lives no longer for it', async () => {
    const { browser } = await signedIn({ ...options(), maxAge: 5 * MINUTE })
    for (let turn = 0; turn < 4; turn++) {
      clock.advance(MINUTE)
      expect((await browser.refresh()).status).toBe(200)
    }
    clock.advance(MINUTE + 1)
    expect((await browser.refresh()).json()).toEqual({ session_identifier: browser.id, continue: false })
    expect(await browser.session()).toEqual({})
  })

  it('R77: after a logout the browser is told to forget its binding', async () => {
    const { browser } = await signedIn(options())
    await browser.get('/logout')
    expect(Array.from(browser.jar.values.keys())).toEqual([])
    const answer = await browser.ask()
    expect([answer.status, answer.json()]).toEqual([200, { session_identifier: browser.id, continue: false }])
  })

  it('R77: the key is forgotten when the session changes hands, and the next account is asked for one', async () => {
    const { site, browser } = await signedIn(options())
    const before = browser.id
    const thief = browser.copy()
    offeredIn(await browser.get('/login?user=bob'))
    expect([await browser.isBound(), await browser.session()]).toEqual([false, { userId: 'bob' }])
    expect(await site.unbound()).toEqual(['owner'])
    expect((await browser.refresh()).json()).toEqual({ session_identifier: before, continue: false })
    await browser.signIn('/login?user=cid')
    expect([await browser.isBound(), browser.id === before]).toEqual([true, false])
    if (hasIds) expect(await thief.session()).toEqual({})
  })

  it('R77: a signed-out session is bound to nothing', async () => {
    const { browser } = await signedIn({ ...options() })
    const site = createBoundSite(
      options(),
      {},
      { '/leave': (ctx) => void Reflect.deleteProperty(ctx.session, 'userId') },
    )
    const other = site.browser()
    await other.signIn()
    const answer = await other.get('/leave')
    expect(answer.headers).not.toHaveProperty('secure-session-registration')
    expect([await other.isBound(), await browser.isBound()]).toEqual([false, true])
  })

  it('R77: a session that starts over for the same account is offered a registration again', async () => {
    const again = (ctx: Context): void => {
      ctx.session = null
      ctx.session = { userId: 'ann', again: true }
    }
    const browser = createBoundSite(options(), {}, { '/again': again }).browser()
    await browser.signIn()
    await browser.signIn('/again')
    expect([await browser.isBound(), await browser.session()]).toEqual([true, { userId: 'ann', again: true }])
  })

  it('R77: an error response carries both cookies of a bound session', async () => {
    const fail = async (ctx: Context): Promise<void> => {
      await ctx.session.regenerate()
      throw new Error('later')
    }
    const browser = createBoundSite(options(), {}, { '/fail': fail }).browser()
    await browser.signIn()
    expect((await browser.get('/fail')).status).toBe(500)
    clock.advance(LIFETIME)
    forgetShort(browser)
    expect((await browser.refresh()).status).toBe(200)
    expect(await browser.session()).toEqual({ userId: 'ann' })
  })

  it('R77: a session whose token is changed for hygiene stays bound', async () => {
    const site = createBoundSite(options(), {}, { '/regenerate': (ctx) => ctx.session.regenerate() })
    const browser = site.browser()
    await browser.signIn()
    await browser.get('/regenerate')
    expect([await browser.isBound(), await browser.session()]).toEqual([true, { userId: 'ann' }])
    clock.advance(LIFETIME)
    forgetShort(browser)
    expect((await browser.refresh()).status).toBe(200)
    expect(await browser.isBound()).toBe(true)
  })

  it('R77: a registration needs the session, a challenge that was made for it, and a proof', async () => {
    const site = createBoundSite(options())
    const [ann, bob] = [site.browser(), site.browser()]
    const [forAnn, forBob] = [offeredIn(await ann.get('/login')), offeredIn(await bob.get('/login?user=bob'))]
    const stranger = site.browser()
    expect((await stranger.register(stranger.device.register(forAnn))).status).toBe(403)
    expect((await ann.register(ann.device.register(forBob))).status).toBe(400)
    expect((await ann.register(ann.device.register('challenge'))).status).toBe(400)
    expect((await ann.register(ann.device.prove(forAnn))).status).toBe(400)
    expect((await ann.register('')).status).toBe(400)
    expect(await ann.isBound()).toBe(false)
    expect(await site.unbound()).toEqual(['challenge', 'challenge', 'proof', 'proof'])
    clock.advance(5 * MINUTE + 1)
    expect((await ann.register(ann.device.register(forAnn))).status).toBe(400)
    expect((await bob.register(bob.device.register(forBob))).status).toBe(400)
  })

  it('R77: a bound session takes no other key', async () => {
    const { browser } = await signedIn(options())
    const thief = browser.copy()
    const offered = offeredIn(await createBoundSite(options()).browser().get('/login'))
    expect((await thief.register(thief.device.register(offered))).status).toBe(403)
    expect((await browser.refresh()).status).toBe(200)
  })

  it('R77: a proof is refused for the challenge of another binding, of none, and of another time', async () => {
    const { site, browser } = await signedIn(options())
    const other = site.browser()
    await other.signIn()
    const foreign = challengeIn(await other.ask())
    const own = challengeIn(await browser.ask())
    for (const challenge of [foreign, 'challenge', own.slice(0, -1), `${own}A`]) {
      const answer = await browser.ask(browser.device.prove(challenge))
      expect([answer.status, challengeIn(answer) !== challenge]).toEqual([403, true])
    }
    expect(await site.unbound()).toEqual(['challenge', 'challenge', 'challenge', 'challenge'])
    clock.advance(5 * MINUTE + 10)
    const late = await browser.ask(browser.device.prove(own))
    expect(late.status).toBe(403)
    expect((await browser.ask(browser.device.prove(challengeIn(late)))).status).toBe(200)
  })

  it("R77: a refresh under another binding's name is refused", async () => {
    const { site, browser } = await signedIn(options())
    const other = site.browser()
    await other.signIn()
    const asked = await browser.ask(undefined, other.id)
    expect(asked.status).toBe(403)
    const answer = await browser.ask(browser.device.prove(challengeIn(asked)), other.id)
    expect([answer.status, answer.json()]).toEqual([200, { session_identifier: other.id, continue: false }])
    expect(cookieNames(answer)).toEqual([])
    for (const id of ['', 'a b', 'x'.repeat(65)]) expect((await browser.ask(undefined, id)).status).toBe(400)
  })

  it('R77: nothing is offered without HTTPS', async () => {
    const { visitor } = createBoundSite(options()).browser()
    expect((await visitor.get('/login')).headers).not.toHaveProperty('secure-session-registration')
  })

  it("R77: a browser that binds nothing has today's cookie, for all its life", async () => {
    const bound = createBoundSite(options()).browser()
    await bound.get('/login')
    clock.advance(DAY - 1)
    expect([await bound.session(), await bound.isBound()]).toEqual([{ userId: 'ann' }, false])
    expect(Array.from(bound.jar.values.keys()).filter((name) => name.includes('bound'))).toEqual([])
  })

  it('R77: hooks and events are told nothing of the device', async () => {
    const valid = jest.fn((_ctx: unknown, _record: object) => true)
    const { site, browser } = await signedIn({ ...options(), valid })
    await browser.session()
    clock.advance(DAY + 1)
    await browser.session()
    await browser.refresh()
    const key = browser.device.publicKey.export({ format: 'der', type: 'spki' }).toString('base64url')
    const told = JSON.stringify([
      valid.mock.calls.map(([, record]) => record),
      site.events.map(({ detail }) => ({ ...detail, ctx: 0 })),
    ])
    expect(told).not.toContain('_device')
    expect(told).not.toContain(key)
  })
})

it('R77: of 1,000 mutations of a proof, each backend in turn, none is accepted and none is a server error', async () => {
  const visits = await Promise.all(BACKENDS.map(({ options }) => signedIn(options())))
  const proofs = await Promise.all(
    visits.map(async ({ browser }) => {
      const [good, spare] = [await browser.ask(), await browser.ask()]
      return [browser.device.prove(challengeIn(good)), browser.device.prove(challengeIn(spare))]
    }),
  )
  const statuses = new Set<number>()
  for (let index = 0; index < 1000; index++) {
    const place = Math.floor(index / 24) % visits.length
    // A header carries visible ASCII.
    const text = mutate(proofs[place][0], proofs[place][1], index).replace(/[^!-~]/g, '!')
    const { status, setCookie } = await visits[place].browser.ask(text)
    expect(setCookie).toEqual([])
    statuses.add(status)
  }
  expect(Array.from(statuses).filter((status) => ![400, 403].includes(status))).toEqual([])
  expect(visits.flatMap(({ site }) => site.errors)).toEqual([])
  const answers = await Promise.all(visits.map(({ browser }, place) => browser.ask(proofs[place][0])))
  expect(answers.map(({ status }) => status)).toEqual(visits.map(() => 200))
})

describe.each(backendsWith({ hasIds: true }))('$name', ({ options, isConditional }) => {
  it('R77: the second cookie has a path of its own, and opens nothing elsewhere', async () => {
    const site = createBoundSite(options())
    const browser = site.browser()
    const answer = await browser.signIn()
    expect(cookieOf(answer, LONG_LIVED).attributes).toEqual({
      path: '/device-bound-session',
      samesite: 'none',
      secure: true,
      httponly: true,
    })
    const thief = browser.copy()
    for (const name of ['koa.sess', 'koa.sess.sig']) {
      thief.jar.values.set(name, thief.jar.values.get(name.replace('koa.sess', LONG_LIVED)) as string)
    }
    expect(await thief.session()).toEqual({})
  })

  it('R77: the cookie from before the registration is good for requests under way, and dead after ten seconds', async () => {
    const site = createBoundSite(options())
    const browser = site.browser()
    const offer = offeredIn(await browser.get('/login'))
    const late = browser.copy()
    await browser.register(browser.device.register(offer))
    expect(await late.session()).toEqual({ userId: 'ann' })
    const written = await late.get('/set?a=1')
    expect(parseSetCookie(written.setCookie.find((line) => line.startsWith('koa.sess=')) ?? '').value).toMatch(/^d1\./)
    const thief = browser.copy(browser.jar.copy())
    const cookie = new Map(late.jar.values)
    clock.advance(UNDER_WAY)
    for (const [name, value] of cookie) thief.jar.values.set(name, value)
    expect(await thief.session()).toEqual({ userId: 'ann', a: '1' })
  })

  it('R77: a copy from before the registration is dead after ten seconds, and the browser asks for a fresh cookie', async () => {
    const site = createBoundSite(options())
    const browser = site.browser()
    const offer = offeredIn(await browser.get('/login'))
    const thief = browser.copy()
    await browser.register(browser.device.register(offer))
    clock.advance(UNDER_WAY)
    const answer = await thief.get('/')
    expect([answer.json(), await site.unbound()]).toEqual([{ session: {} }, ['unproven']])
    expect(cookieOf(answer).value).toBe('')
    expect(await browser.session()).toEqual({ userId: 'ann' })
  })

  it('R77: a proof is accepted once, also by two requests at a time', async () => {
    const { browser } = await signedIn(options())
    const proof = browser.device.prove(challengeIn(await browser.ask()))
    const copies = [browser.copy(), browser.copy(), browser.copy()]
    const statuses = (await Promise.all(copies.map((copy) => copy.ask(proof)))).map(({ status }) => status).sort()
    if (isConditional) expect(statuses).toEqual([200, 403, 403])
    expect((await browser.ask(proof)).status).toBe(403)
  })

  // A store without conditions takes both.
  const onConditions = isConditional ? it : it.skip
  onConditions('R77: two registrations at a time end in one key', async () => {
    const site = createBoundSite(options())
    const browser = site.browser()
    const offer = offeredIn(await browser.get('/login'))
    const rivals = [browser.copy(), browser.copy()]
    const answers = await Promise.all(rivals.map((rival) => rival.register(rival.device.register(offer))))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 403])
  })

  it('R77: a store that is down ends no binding: the answer is 503, also where visitors go on without it', async () => {
    const troubled = spyOn({ ...options(), onStoreError: 'anonymous' })
    const { browser } = await signedIn(troubled.options)
    troubled.fail(() => {
      throw new Error('down')
    })
    expect((await browser.ask()).status).toBe(503)
    troubled.recover()
    expect((await browser.refresh()).status).toBe(200)
  })
})

it('R77: a refresh that comes beside a rotation is tried again with the cookie that is on its way', async () => {
  const site = createBoundSite({ store: new MemoryStore() }, {}, { '/regenerate': (ctx) => ctx.session.regenerate() })
  const browser = site.browser()
  await browser.signIn()
  const late = browser.copy()
  await browser.get('/regenerate')
  const asked = await late.ask()
  expect(asked.status).toBe(403)
  for (const [name, value] of browser.jar.values) late.jar.values.set(name, value)
  const again = await late.ask(browser.device.prove(challengeIn(asked)))
  expect(again.status).toBe(403)
  expect((await late.ask(browser.device.prove(challengeIn(again)))).status).toBe(200)
})

/** A site whose next write can be told what goes first. */
function siteWithRotation(): { site: BoundSite; beforeWrite: (work: () => Promise<unknown>) => void } {
  let waiting: (() => Promise<unknown>) | undefined
  const options = interceptStore({ store: new MemoryStore() }, async ({ method, proceed }) => {
    const work = method === 'replace' ? waiting : undefined
    if (work) waiting = undefined
    await work?.()
    return proceed()
  })
  const site = createBoundSite(options, {}, { '/regenerate': (ctx) => ctx.session.regenerate() })
  return { site, beforeWrite: (work) => void (waiting = work) }
}

it('R77: a refresh that a rotation overtakes is tried again', async () => {
  const { site, beforeWrite } = siteWithRotation()
  const browser = site.browser()
  await browser.signIn()
  const other = browser.copy()
  const asked = await browser.ask()
  beforeWrite(() => other.get('/regenerate'))
  const overtaken = await browser.ask(browser.device.prove(challengeIn(asked)))
  expect([overtaken.status, cookieNames(overtaken)]).toEqual([403, []])
  for (const [name, value] of other.jar.values) browser.jar.values.set(name, value)
  expect((await browser.ask(browser.device.prove(challengeIn(overtaken)))).status).toBe(200)
  expect(await browser.session()).toEqual({ userId: 'ann' })
})

it('R77: a registration that a rotation overtakes tells the browser all the same what it is to send', async () => {
  const { site, beforeWrite } = siteWithRotation()
  const browser = site.browser()
  const offer = offeredIn(await browser.get('/login'))
  const other = browser.copy()
  beforeWrite(() => other.get('/regenerate'))
  const { credentials } = (await browser.register(browser.device.register(offer))).json<Instructions>()
  expect(credentials[0].attributes).toBe('path=/; secure; httponly')
})

it('R77: a bound cookie is renewed in the last tenth of its time, and is good till the end', async () => {
  const { browser } = await signedIn({ store: new MemoryStore() })
  clock.advance(LIFETIME - 1)
  expect(await browser.session()).toEqual({ userId: 'ann' })
  const answer = await browser.get('/set?a=1')
  expect(cookieNames(answer)).toEqual([LONG_LIVED, `${LONG_LIVED}.sig`])
  clock.advance(1)
  expect(await browser.session()).toEqual({})
})

it('R77: a challenge that would be too old with the next refresh is not handed out', async () => {
  const site = createBoundSite({ store: new MemoryStore() }, { lifetime: 10 * MINUTE })
  const browser = site.browser()
  expect((await browser.signIn()).headers).not.toHaveProperty('secure-session-challenge')
  clock.advance(9 * MINUTE)
  const answer = await browser.refresh()
  expect([answer.status, answer.headers['secure-session-challenge']]).toEqual([200, undefined])
})

it('R77: a change of keys leaves bound sessions as they are', async () => {
  const { site, browser } = await signedIn({ store: new MemoryStore() })
  const asked = await browser.ask()
  site.app.keys = ['a newer key, as long as the others', ...LONG_KEYS]
  expect(await browser.isBound()).toBe(true)
  expect((await browser.ask(browser.device.prove(challengeIn(asked)))).status).toBe(200)
  expect(await browser.isBound()).toBe(true)
})

it("R77: secrets of the binding's own take the place of those of the app", async () => {
  const site = createBoundSite({ store: new MemoryStore() }, { keys: SEALING_KEYS })
  const browser = site.browser()
  await browser.signIn()
  expect([await browser.isBound(), (await browser.refresh()).status]).toEqual([true, 200])
})

it('R77: the first request says that a list of secrets is missing', async () => {
  const site = createBoundSite({ store: new MemoryStore(), signed: true })
  site.app.keys = { sign: () => 'x', verify: () => true, index: () => 0 }
  const browser = site.browser()
  await browser.get('/login')
  expect(site.errors.map((error) => (error as SessionError).code)).toEqual(['ERR_SESSION_KEYS_MISSING'])
})

it('R77: the whole site is bound where that is asked for, and no other path than the rest', async () => {
  const binding = { includeSite: true, exclude: ['/static'], initiators: [], path: '/device-bound-session' }
  const site = createBoundSite({ store: new MemoryStore(), domain: 'localhost', sameSite: 'lax' }, binding)
  const answer = await site.browser().signIn()
  const { scope, credentials, ...rest } = answer.json<Instructions>()
  expect(scope).toEqual({
    include_site: true,
    scope_specification: [
      { type: 'exclude', domain: '*', path: '/device-bound-session' },
      { type: 'exclude', domain: '*', path: '/static' },
    ],
  })
  expect(credentials[0].attributes).toBe('path=/; domain=localhost; samesite=lax; secure; httponly')
  expect(rest).not.toHaveProperty('allowed_refresh_initiators')
  expect(cookieOf(answer, LONG_LIVED).attributes.samesite).toBe('lax')
})

it('R77: a name with a prefix gets a second one that may have its path', async () => {
  const site = createBoundSite({ store: new MemoryStore(), key: '__Host-session', secure: true })
  const answer = await site.browser().signIn()
  expect(cookieNames(answer)).toEqual([
    '__Secure-session.bound',
    '__Secure-session.bound.sig',
    '__Host-session',
    '__Host-session.sig',
  ])
})

it('R77: a bound record opens nowhere where nothing asks for its proof', async () => {
  const store = new MemoryStore()
  const site = createBoundSite({ store })
  const browser = site.browser()
  const offer = offeredIn(await browser.get('/login'))
  const thief = browser.copy()
  await browser.register(browser.device.register(offer))
  const without = createBoundSite({ store, binding: undefined })
  const elsewhere = without.browser()
  for (const [name, value] of thief.jar.values) elsewhere.jar.values.set(name, value)
  expect([await elsewhere.session(), await elsewhere.isBound()]).toEqual([{}, false])
  const [id] = (thief.jar.values.get('koa.sess') as string).split('~')
  expect(store.get(id)).toBeUndefined()
})

it('R77: isBound asks for a session that is loaded', async () => {
  const site = createBoundSite(
    { store: new MemoryStore(), lazy: true },
    {},
    {
      '/loaded': async (ctx) => {
        await site.sessions.load(ctx)
        ctx.body = { isBound: site.sessions.isBound(ctx) }
      },
    },
  )
  const browser = site.browser()
  await browser.get('/bound')
  expect(site.errors.map((error) => (error as SessionError).code)).toEqual(['ERR_SESSION_NOT_LOADED'])
  expect((await browser.get('/loaded')).json()).toEqual({ isBound: false })
})
