import { once } from 'node:events'
import type { Context } from 'koa'
import type { SessionService } from 'koa-session-service'
import type { Visitor } from '../../support/app/app'
import { startClock } from '../../support/clock'
import { handedBy, isIn, lost, MINUTE, RotatingSite, SECOND, tokenOf } from '../../support/owners/rotating-site'

type Verb = (ctx: Context, sessions: SessionService) => unknown

/** What a request does behind confirm(), or beside it. */
const VERBS: Record<string, Verb> = {
  'update()': (ctx, sessions) => sessions.update((data) => (data.note = 'set after it'), ctx),
  'save()': (ctx, sessions) => sessions.save(ctx),
  'touch()': (ctx, sessions) => sessions.touch(ctx),
  'once()': (ctx, sessions) => sessions.once('work', (data) => Object.assign(data, { done: true }), ctx),
  'regenerate()': (ctx, sessions) => sessions.regenerate(ctx),
  'a change': (ctx) => (ctx.session.note = 'set after it'),
  'a longer life': (ctx) => (ctx.session.maxAge = 24 * 60 * MINUTE),
}

/** What it does before. */
const BEFORE: Record<string, Verb> = {
  nothing: () => undefined,
  'regenerate()': (ctx, sessions) => sessions.regenerate(ctx),
  'a sign-in': (ctx, sessions) => sessions.update((data) => (data.user = 'another'), ctx),
}

let site: RotatingSite
/** What a request does that confirms. */
let work: Verb
/** What happens while a request is under way that is going to confirm. */
let between: () => Promise<unknown>

async function isFresh(browser: Visitor): Promise<boolean> {
  return (await browser.get(`/fresh/${5 * MINUTE}?method=password`)).json<{ isFresh: boolean }>().isFresh
}

beforeEach(() => {
  jest.spyOn(Math, 'random').mockReturnValue(0.999)
  site = new RotatingSite({
    verbs: {
      confirmedhere: async (ctx, sessions) => {
        await sessions.confirm({ method: 'password' }, ctx)
        return { isFresh: sessions.isFresh(MINUTE, { method: 'password' }, ctx), token: ctx.session.externalKey }
      },
      confirmandregenerate: async (ctx, sessions) => {
        await sessions.confirm({ method: 'password' }, ctx)
        await sessions.regenerate({}, ctx)
        return {}
      },
      work: async (ctx, sessions) => (await work(ctx, sessions), {}),
      confirmlater: async (ctx, sessions) => {
        await between()
        await sessions.confirm({ method: 'password' }, ctx)
        return {}
      },
      confirmsetlater: async (ctx, sessions) => {
        await sessions.confirm({ method: 'password' }, ctx)
        await between()
        ctx.session.note = 'set after it'
        return {}
      },
      confirmandset: async (ctx, sessions) => {
        await sessions.confirm({ method: 'password' }, ctx)
        ctx.session.note = 'set after it'
        return {}
      },
    },
  })
})

afterEach(() => {
  jest.restoreAllMocks()
  startClock()
})

describe('confirm() with rotateEvery', () => {
  it('R117: a request with the token that confirm() hands out is confirmed, and so is the request itself', async () => {
    const browser = await site.browser({ used: 6 * MINUTE })
    expect(await isFresh(browser)).toBe(false)
    const answer = await browser.get('/confirmedhere')
    expect(answer.json()).toEqual({ isFresh: true, token: tokenOf(browser) })
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(await isFresh(browser)).toBe(true)
  })

  it.each(Object.keys(BEFORE).flatMap((before) => Object.keys(VERBS).map((after) => [before, after])))(
    'R117: a visitor who confirms is signed in and confirmed, with %s before it, and %s behind it or beside it',
    async (before, after) => {
      for (const isBeside of [false, true]) {
        const browser = await site.browser({ used: 6 * MINUTE })
        work = async (ctx, sessions) => {
          await BEFORE[before](ctx, sessions)
          const confirming = sessions.confirm({ method: 'password' }, ctx)
          if (!isBeside) await confirming
          await VERBS[after](ctx, sessions)
          await confirming
        }
        expect((await browser.get('/work')).status).toBe(200)
        expect([isBeside, await isFresh(browser), await isIn(browser)]).toEqual([isBeside, true, true])
      }
    },
  )

  it('R117: no request with an earlier token is ever confirmed by confirm(), and none opens the session after its first use', async () => {
    const browser = await site.browser({ used: 6 * MINUTE })
    const thief = site.thiefOf(browser)
    await browser.get('/confirm/password')
    expect([await isFresh(thief), await isIn(thief)]).toEqual([false, true])
    expect(await isFresh(browser)).toBe(true)
    expect([await isFresh(thief), await isIn(thief)]).toEqual([false, false])
    expect(await site.replays()).toEqual([])
    site.clock.advance(MINUTE)
    expect([await isIn(thief), await isIn(browser)]).toEqual([false, false])
    expect(await site.replays()).toHaveLength(1)
  })

  it('R117: a lost answer of confirm() signs nobody out, and confirms nobody', async () => {
    const browser = await site.browser({ used: 6 * MINUTE })
    expect(await lost(site, browser, '/confirm/password')).toBeDefined()
    expect([await isFresh(browser), await isIn(browser)]).toEqual([false, true])
    site.clock.advance(20 * MINUTE)
    expect([await isIn(browser), await isIn(browser), (await site.replays()).length]).toEqual([true, true, 0])
  })

  it('R117: the request that confirmed goes on, although another one has come with its token', async () => {
    const browser = await site.browser({ used: MINUTE })
    const next = site.thiefOf(browser)
    next.jar.accept((await browser.get('/confirmandset')).setCookie)
    expect(await next.get('/read').then((answer) => answer.json())).toMatchObject({ note: 'set after it' })
    expect(await site.eventsOf('gone', 'error')).toEqual([])
  })

  it('R117: a regenerate() after confirm() in one request keeps the proof, for the new token alone', async () => {
    const browser = await site.browser({ used: 6 * MINUTE })
    const thief = site.thiefOf(browser)
    await browser.get('/confirmandregenerate')
    expect([await isFresh(browser), await isFresh(thief), await isIn(thief)]).toEqual([true, false, false])
    // The answer of the order may have been lost: no token is a replay before the new one is used.
    expect(await site.replays()).toEqual([])
  })

  it('R117: a request with a successor that nobody has used yet may confirm', async () => {
    const browser = await site.browser()
    await browser.get('/read')
    const first = tokenOf(browser)
    await browser.get('/confirm/password')
    expect(tokenOf(browser)).not.toBe(first)
    expect([await isFresh(browser), await isIn(browser)]).toEqual([true, true])
    expect((await site.recordOf(tokenOf(browser)))?._gen).toBe(1)
  })

  it('R117: a visitor who confirms twice in a row is in with the second token, and confirmed', async () => {
    const browser = await site.browser({ used: 6 * MINUTE })
    const first = tokenOf(await browser.get('/confirm/totp').then(() => browser))
    await browser.get('/confirm/password')
    expect(tokenOf(browser)).not.toBe(first)
    expect([await isFresh(browser), await isIn(browser), (await site.replays()).length]).toEqual([true, true, 0])
  })

  it('R117: a regenerate() with the token that confirm() handed out keeps the proof', async () => {
    const browser = await site.browser({ used: 6 * MINUTE })
    await browser.get('/confirm/password')
    await browser.get('/regenerate')
    expect([await isFresh(browser), await isIn(browser)]).toEqual([true, true])
  })

  it('R117: a confirm() while another token has confirmed ends nothing, and neither does its lost answer', async () => {
    const browser = await site.browser({ used: 6 * MINUTE })
    const slow = site.thiefOf(browser)
    between = async () => {
      await browser.get('/confirm/password')
      await browser.get('/read')
    }
    expect(handedBy(await slow.get('/confirmlater'))).toBeDefined()
    expect([await isFresh(browser), await isIn(browser)]).toEqual([true, true])
    expect((await site.recordOf(tokenOf(browser)))?._turn?.[4]).toHaveLength(1)
    expect(await site.replays()).toEqual([])
  })

  it('R117: two requests that confirm at once are both in, whichever token is used, and whichever answer comes last', async () => {
    const browser = await site.browser({ used: 6 * MINUTE })
    const other = site.thiefOf(browser)
    const earlier = site.thiefOf(browser)
    await browser.get('/confirm/password')
    await other.get('/confirm/password')
    expect([await isFresh(browser), await isFresh(other)]).toEqual([true, true])
    site.clock.advance(20 * SECOND)
    // The other answer came last: the browser goes on with its token, and so do requests that were under way with the first.
    expect([await isFresh(other), await isFresh(browser)]).toEqual([true, true])
    expect([await isIn(earlier), (await site.replays()).length]).toEqual([false, 0])
  })

  it('R117: a request that confirms goes on, although the token of another one that confirmed was used meanwhile', async () => {
    const browser = await site.browser({ used: 6 * MINUTE })
    const slow = site.thiefOf(browser)
    between = async () => {
      await browser.get('/confirm/password')
      await browser.get('/read')
    }
    await slow.get('/confirmsetlater')
    expect(await slow.get('/read').then((answer) => answer.json())).toMatchObject({ note: 'set after it' })
    expect([await isFresh(slow), await isFresh(browser)]).toEqual([true, true])
    expect(await site.eventsOf('gone', 'error')).toEqual([])
  })

  it.each([0, 1, 2, 3, 4, 5, 6])(
    'R117: of seven requests at once that confirm, answer number %i may be the one that the browser keeps',
    async (place) => {
      const browser = await site.browser({ used: 6 * MINUTE })
      const tabs = Array.from({ length: 7 }, () => site.thiefOf(browser))
      for (const tab of tabs) await tab.get('/confirm/password')
      const last = tabs[place]
      site.clock.advance(3 * MINUTE)
      // What four others have pushed out opens the session, is confirmed by nothing, and gets a successor soon.
      expect(await isFresh(last)).toBe(place > 2)
      for (let count = 0; count < 30; count++) {
        expect(await isIn(last)).toBe(true)
        site.clock.advance(MINUTE)
      }
      expect(await site.replays()).toEqual([])
    },
  )

  it('R72: R117: a held session is over once another token than its own has confirmed', async () => {
    const browser = await site.browser({ used: 6 * MINUTE })
    const held = await site.services[0].open({ headers: { cookie: browser.jar.header } })
    await browser.get('/confirm/password')
    expect(held?.signal.aborted).toBe(false)
    const ended = once(held?.signal as AbortSignal, 'abort')
    await browser.get('/read')
    await ended
    expect(held?.signal.reason).toMatchObject({ code: 'ERR_SESSION_ENDED' })
  })

  it('R72: R114: a held session goes on through takeovers, and its verbs work', async () => {
    const browser = await site.browser()
    const held = await site.services[0].open({ headers: { cookie: browser.jar.header } })
    for (let count = 0; count < 3; count++) {
      await browser.get('/read')
      await browser.get('/read')
      site.clock.advance(11 * MINUTE)
      expect(await held?.update((data) => void (data.n = count))).toMatchObject({ n: count })
    }
    expect([held?.signal.aborted, await isIn(browser)]).toEqual([false, true])
    held?.release()
  })
})

describe('rotation by order with rotateEvery', () => {
  it('R114: regenerate() with rotateEvery kills every other token at once; none of them is a replay before the new one is used', async () => {
    const browser = await site.browser()
    const old = site.thiefOf(browser)
    await browser.get('/read')
    const waiting = site.thiefOf(browser)
    const answer = handedBy(await waiting.get('/regenerate'))
    expect(answer).toBeDefined()
    site.clock.advance(MINUTE)
    // Its answer may have been lost: who comes with another token is missed.
    expect([await isIn(old), await isIn(browser), (await site.replays()).length]).toEqual([false, false, 0])
    expect(await isIn(waiting)).toBe(true)
    site.clock.advance(31 * SECOND)
    expect([await isIn(old), await isIn(waiting), (await site.replays()).length]).toEqual([false, false, 1])
  })

  it('R116: a change of the account begins a family of tokens, and a sign-out ends it', async () => {
    const browser = await site.browser({ user: 'ann' })
    const thief = site.thiefOf(browser)
    await browser.get('/as/bea')
    await browser.get('/read')
    const record = await site.recordOf(tokenOf(browser))
    expect(record?._turn).toBeDefined()
    await browser.get('/set/cart')
    await browser.get('/signout')
    expect((await site.recordOf(tokenOf(browser)))?._turn).toBeUndefined()
    site.clock.advance(2 * MINUTE)
    expect([await isIn(thief), (await site.replays()).length]).toEqual([false, 0])
  })
})
