import type { Context } from 'koa'
import { MemoryStore, type SessionService } from 'koa-session-service'
import { nextTurn } from '../../support/app/site'
import { startClock } from '../../support/clock'
import { EVERY, handedBy, isIn, lost, MINUTE, RotatingSite, SECOND, tokenOf } from '../../support/owners/rotating-site'
import { newOwner, storedOwner, type OwnedVerb } from '../../support/owners/owned-app'

let site: RotatingSite

beforeEach(() => {
  // Certain where thirty seconds have passed since the last one, and never sooner.
  jest.spyOn(Math, 'random').mockReturnValue(0.999)
  site = new RotatingSite()
})

afterEach(() => {
  jest.restoreAllMocks()
  startClock()
})

describe('the token of a signed-in session', () => {
  it('R114: a token that has been in use for long enough gets a successor, which takes over when it is used', async () => {
    const browser = await site.browser({ used: EVERY - 1 })
    const first = tokenOf(browser)
    expect(handedBy(await browser.get('/read'))).toBeUndefined()
    site.clock.advance(1)
    const answer = await browser.get('/read')
    expect(handedBy(answer)).toBe(tokenOf(browser))
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(tokenOf(browser)).not.toBe(first)
    expect(await isIn(browser)).toBe(true)
    expect(handedBy(await browser.get('/read'))).toBeUndefined()
    expect(await site.replays()).toEqual([])
  })

  it('R114: nothing dies by being issued: where answers are lost, the token that the browser holds stays good', async () => {
    const browser = await site.browser()
    const successors: unknown[] = []
    for (let count = 0; count < 12; count++) {
      successors.push(await lost(site, browser))
      site.clock.advance(MINUTE)
    }
    expect(new Set(successors).size).toBe(12)
    expect(await isIn(browser)).toBe(true)
    expect(await isIn(browser)).toBe(true)
    expect(await site.replays()).toEqual([])
  })

  it('R114: a store that fails at a note of a successor is told of, no successor goes out, and the request goes on', async () => {
    const browser = await site.browser()
    for (const isDone of [false, true]) {
      const replace = jest.spyOn(site.store, 'replace')
      const original = MemoryStore.prototype.replace.bind(site.store)
      replace.mockImplementationOnce((...call) => {
        if (isDone) void original(...call)
        throw new Error('the connection was lost')
      })
      const answer = await browser.get('/read')
      expect([answer.status, handedBy(answer)]).toEqual([200, undefined])
      replace.mockRestore()
      site.clock.advance(MINUTE)
    }
    expect(await site.eventsOf('error')).toHaveLength(2)
    expect([await isIn(browser), await isIn(browser), (await site.replays()).length]).toEqual([true, true, 0])
  })

  it('R118: a takeover costs two writes, and in between requests that read write nothing', async () => {
    site = new RotatingSite({ seenEvery: 24 * 60 * MINUTE })
    const browser = await site.browser({ used: 0 })
    const replace = jest.spyOn(site.store, 'replace')
    const writes: number[] = []
    for (let minute = 0; minute < 33; minute++) {
      site.clock.advance(MINUTE)
      replace.mockClear()
      await browser.get('/read')
      writes.push(replace.mock.calls.length)
    }
    expect(Math.max(...writes)).toBe(1)
    // One that issues at the end of a period, and one at the next page.
    expect(writes.flatMap((count, minute) => (count > 0 ? [minute + 1] : []))).toEqual([10, 11, 21, 22, 32, 33])
  })

  it('R118: no verb in the middle of a request hands over a successor, and none goes out with a response that begins then', async () => {
    const verb =
      (call: (sessions: SessionService, ctx: Context) => unknown): OwnedVerb =>
      async (ctx, sessions) => {
        await call(sessions, ctx)
        if (ctx.query.early) {
          ctx.respond = false
          ctx.res.end('{}')
        }
        return { isTold: ctx.response.headers['set-cookie'] !== undefined }
      }
    site = new RotatingSite({
      verbs: {
        save: verb((sessions, ctx) => sessions.save(ctx)),
        update: verb((sessions, ctx) => sessions.update((data) => (data.n = 1), ctx)),
        extend: verb((sessions, ctx) => sessions.touch(ctx)),
      },
    })
    const browser = await site.browser()
    for (const path of ['/save', '/update', '/extend']) {
      expect(handedBy(await site.thiefOf(browser).get(`${path}?early=1`))).toBeUndefined()
      const answer = await site.thiefOf(browser).get(path)
      expect([answer.json(), handedBy(answer)]).toEqual([{ isTold: false }, expect.any(String)])
      site.clock.advance(MINUTE)
    }
  })

  it('R114: requests that were under way at a takeover open the session, with every token that was good', async () => {
    const browser = await site.browser()
    const before = site.thiefOf(browser)
    const sibling = site.thiefOf(browser)
    await browser.get('/read')
    site.clock.advance(31 * SECOND)
    await sibling.get('/read')
    expect(tokenOf(sibling)).not.toBe(tokenOf(browser))
    expect([await isIn(browser), await isIn(sibling), await isIn(before)]).toEqual([true, true, true])
    site.clock.advance(59 * SECOND)
    const late = await before.get('/read')
    expect(late.json()).toHaveProperty('user')
    // Whoever still comes with it is handed the next one at once.
    expect(handedBy(late)).toBeDefined()
    expect(await site.replays()).toEqual([])
  })

  it('R115: a copy that comes back after its token was replaced ends the session for both, and is told once', async () => {
    const browser = await site.browser({ user: 'ann' })
    const thief = site.thiefOf(browser)
    const held = await site.services[0].open({ headers: { cookie: browser.jar.header } })
    await browser.get('/read')
    await browser.get('/read')
    site.clock.advance(2 * MINUTE)
    const answer = await thief.get('/read')
    expect(answer.json()).toEqual({})
    expect(answer.setCookie).toEqual([])
    await nextTurn()
    expect(held?.signal.reason).toMatchObject({ code: 'ERR_SESSION_ENDED' })
    expect([await isIn(thief), await isIn(browser)]).toEqual([false, false])
    const replays = await site.replays()
    expect(replays).toMatchObject([{ detail: { owner: 'ann', isEnded: true, handle: expect.any(String) as string } }])
    expect(await site.store.listByOwner(storedOwner('ann'))).toEqual([])
  })

  it('R115: the owner comes with the token that was replaced where the thief is first', async () => {
    const browser = await site.browser()
    const thief = site.thiefOf(browser)
    await thief.get('/read')
    await thief.get('/read')
    site.clock.advance(2 * MINUTE)
    expect([await isIn(browser), await isIn(thief)]).toEqual([false, false])
    expect(await site.replays()).toHaveLength(1)
  })

  it("R115: the session goes on with onReplay: 'report', and a copy is told once a minute", async () => {
    site = new RotatingSite({ onReplay: 'report' })
    const browser = await site.browser()
    const thief = site.thiefOf(browser)
    await browser.get('/read')
    await browser.get('/read')
    site.clock.advance(2 * MINUTE)
    for (let count = 0; count < 3; count++) expect(await isIn(thief)).toBe(false)
    expect(await isIn(browser)).toBe(true)
    expect(await site.replays()).toMatchObject([{ detail: { isEnded: false } }])
    site.clock.advance(MINUTE)
    await isIn(thief)
    expect(await site.replays()).toHaveLength(2)
  })

  it('R115: a copy that comes back within thirty seconds of the takeover opens nothing, and its logout ends the session', async () => {
    const browser = await site.browser()
    const old = site.thiefOf(browser)
    await browser.get('/read')
    await browser.get('/read')
    // A rotation by order ends what the takeover has left.
    await browser.get('/regenerate')
    await browser.get('/read')
    site.clock.advance(20 * SECOND)
    expect(await isIn(old)).toBe(false)
    expect([await isIn(browser), (await site.replays()).length]).toEqual([true, 0])
    await old.get('/out')
    expect(await isIn(browser)).toBe(false)
  })

  it('R114: a request that may have waited in a proxy is taken for no replay, and its sibling changes nothing', async () => {
    const browser = await site.browser()
    const upload = site.thiefOf(browser)
    await browser.get('/read')
    await browser.get('/read')
    site.clock.advance(9 * MINUTE)
    const slow = { 'transfer-encoding': 'chunked' }
    expect(await isIn(upload, slow)).toBe(true)
    site.clock.advance(2 * MINUTE)
    await browser.get('/read')
    await browser.get('/read')
    site.clock.advance(2 * MINUTE)
    expect(await isIn(upload, slow)).toBe(false)
    expect([await isIn(browser), (await site.replays()).length]).toEqual([true, 0])
  })

  it('R114: no response repeats a token that the client has presented', async () => {
    site = new RotatingSite({
      rolling: true,
      verbs: {
        save: (ctx, sessions) => sessions.save(ctx),
        age: (ctx) => (ctx.session.maxAge = 3 * EVERY),
      },
    })
    const browser = await site.browser({ used: MINUTE })
    for (const path of ['/read', '/save', '/set/a', '/touch', '/read']) {
      expect([path, handedBy(await browser.get(path))]).toEqual([path, undefined])
    }
    const before = tokenOf(browser)
    // What the browser is to be told goes with a successor.
    expect(handedBy(await browser.get('/age'))).not.toBe(before)
    expect(tokenOf(browser)).not.toBe(before)
    expect(await isIn(browser)).toBe(true)
  })

  it.each(['the first request', 'a request with a successor'])(
    'R114: %s after the sign-in that chooses a maxAge is answered with a successor at once',
    async (which) => {
      const isFirst = which === 'the first request'
      const age: OwnedVerb = (ctx) => (ctx.session.maxAge = isFirst ? 3 * EVERY : 'session')
      site = new RotatingSite({ maxAge: isFirst ? 'session' : 3 * EVERY, verbs: { age } })
      const browser = isFirst ? await site.signedIn(newOwner()) : await site.browser()
      if (!isFirst) {
        await browser.get('/read')
        site.clock.advance(MINUTE)
      }
      const before = tokenOf(browser)
      const thief = site.thiefOf(browser)
      const answer = await browser.get('/age')
      expect(answer.setCookie[0]).toMatch(isFirst ? /expires=/i : /^(?!.*expires=)/i)
      expect(tokenOf(browser)).not.toBe(before)
      // The use of the token that it came with is noted with the same write.
      expect((await site.recordOf(before))?._turn?.[2]).toBe(Date.now())
      expect([await isIn(browser), await isIn(thief), (await site.replays()).length]).toEqual([true, true, 0])
    },
  )

  it('R114: a cookie whose signature is of an older key gets a successor with its next page, under the first key', async () => {
    const browser = await site.browser({ used: MINUTE })
    site.apps[0].keys = ['a newer key of this site', ...(site.apps[0].keys as string[])]
    const image = { 'sec-fetch-dest': 'image' }
    expect(handedBy(await browser.get('/read', image))).toBeUndefined()
    const before = tokenOf(browser)
    expect(handedBy(await browser.get('/read'))).not.toBe(before)
    site.apps[0].keys = ['a newer key of this site']
    expect([await isIn(browser), (await site.replays()).length]).toEqual([true, 0])
  })

  it('R118: a successor goes to pages and calls alone, and not to what is fetched ahead', async () => {
    const browser = await site.browser()
    const headers: Record<string, string>[] = [
      { 'sec-fetch-dest': 'image' },
      { 'sec-fetch-dest': 'document', 'sec-purpose': 'prefetch' },
      { 'sec-fetch-dest': 'empty', 'sec-fetch-site': 'cross-site' },
    ]
    for (const each of headers) expect(handedBy(await browser.get('/read', each))).toBeUndefined()
    expect(handedBy(await browser.get('/read', { 'sec-fetch-dest': 'document' }))).toBeDefined()
  })

  it('R114: the cookie lives as long as any may, since visits of who comes seldom may hand out nothing that extends it', async () => {
    const browser = await site.browser()
    const answer = await browser.get('/read')
    const expires = Date.parse(/expires=([^;]*)/i.exec(answer.setCookie[0])?.[1] ?? '')
    const daysLeft = (expires - Date.now()) / (24 * 60 * MINUTE)
    expect(daysLeft).toBeCloseTo(400, 1)
  })

  it('R116: texts that have the form of a token change nothing, on any verb', async () => {
    const browser = await site.browser()
    await browser.get('/read')
    await browser.get('/read')
    site.clock.advance(2 * MINUTE)
    const record = await site.recordOf(tokenOf(browser))
    const token = tokenOf(browser)
    const [, id, family, , serial] = /^(.*)~(.{24})(.{24})(.{4})$/.exec(token) as RegExpExecArray
    const [hashOfFamily] = record?._turn as unknown as [string]
    const forged = [
      `${id}~${'A'.repeat(24)}${'B'.repeat(24)}${serial}`,
      `${id}~${family}${'B'.repeat(24)}____`,
      `${id}~${hashOfFamily.slice(0, 24)}${'B'.repeat(24)}AAAA`,
      `${id}~${record?._secret}`,
      id,
    ]
    for (const text of forged) {
      for (const path of ['/read', '/set/a', '/signout', '/touch', '/regenerate']) {
        const visitor = site.visitor()
        visitor.jar.values.set('koa.sess', text)
        await visitor.get(path)
      }
    }
    expect(await site.recordOf(token)).toEqual(record)
    expect(await site.replays()).toEqual([])
  })

  it('R116: a planted token from before the sign-in ends nothing for who planted it', async () => {
    const planted = site.visitor()
    await planted.get('/set/cart')
    const browser = site.thiefOf(planted)
    await browser.get('/as/ann')
    await browser.get('/read')
    site.clock.advance(2 * MINUTE)
    expect(await isIn(planted)).toBe(false)
    expect([await isIn(browser), (await site.replays()).length]).toEqual([true, 0])
  })

  it('R114: the newest counts of several tokens for a session', async () => {
    site = new RotatingSite({ signed: false })
    const browser = await site.browser()
    const old = browser.jar.header
    await browser.get('/read')
    await browser.get('/read')
    site.clock.advance(2 * MINUTE)
    for (const cookie of [`${old}; ${browser.jar.header}`, `${browser.jar.header}; ${old}`]) {
      expect(await isIn(site.visitor(), { cookie })).toBe(true)
    }
    expect(await site.replays()).toEqual([])
    // Without the good one beside it, it is what it is.
    expect(await isIn(site.visitor(), { cookie: old })).toBe(false)
    expect(await site.replays()).toHaveLength(1)
  })
})
