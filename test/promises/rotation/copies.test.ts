import { MemoryStore, type SessionEvents, type SessionTrace } from 'koa-session-service'
import { nextTurn } from '../../support/app/site'
import { startClock } from '../../support/clock'
import { isIn, MINUTE, RotatingSite, tokenOf, type RotatingSiteOptions } from '../../support/owners/rotating-site'
import { TraceListener } from '../tracing/listener'
import type { Visitor } from '../../support/app/app'

let listener: TraceListener | undefined

beforeEach(() => void jest.spyOn(Math, 'random').mockReturnValue(0.999))

afterEach(() => {
  jest.restoreAllMocks()
  startClock()
  listener?.stop()
  listener = undefined
})

/** A browser that has taken over two minutes ago, and a thief with the token before that. */
async function stolen(
  options: RotatingSiteOptions = {},
): Promise<{ site: RotatingSite; browser: Visitor; thief: Visitor }> {
  const site = new RotatingSite({ signed: false, ...options })
  const browser = await site.browser({ user: 'ann' })
  const thief = site.thiefOf(browser)
  await browser.get('/read')
  await browser.get('/read')
  site.clock.advance(2 * MINUTE)
  return { site, browser, thief }
}

function endsOf({ services }: RotatingSite): SessionEvents['ended'][] {
  const ends: SessionEvents['ended'][] = []
  services[0].on('ended', (detail) => ends.push(detail))
  return ends
}

describe('a copy that comes beside another session', () => {
  it.each(['behind it', 'before it'])(
    "R115: a thief's own session, %s, hides no copy where that is tried first, and goes on",
    async (place) => {
      const { site, browser, thief } = await stolen()
      const own = await site.signedIn('eve')
      const [copy, theirs] = [thief.jar.header, own.jar.header]
      const isFirst = place === 'behind it'
      const answer = await site
        .visitor()
        .get('/read', { cookie: isFirst ? `${copy}; ${theirs}` : `${theirs}; ${copy}` })
      expect(answer.json()).toMatchObject({ user: 'eve' })
      await nextTurn()
      // What is behind a session that opens is not looked at.
      expect(await site.replays()).toMatchObject(isFirst ? [{ detail: { owner: 'ann', isEnded: true } }] : [])
      expect([await isIn(browser), await isIn(own)]).toEqual([!isFirst, true])
    },
  )

  it('R114: an old cookie of another path ends nothing beside the good one of the same session', async () => {
    const { site, browser, thief } = await stolen()
    const other = await site.signedIn('eve')
    const headers = [`${thief.jar.header}; ${browser.jar.header}; ${other.jar.header}`]
    headers.push(`${thief.jar.header}; ${other.jar.header}; ${browser.jar.header}`)
    for (const cookie of headers) {
      expect((await site.visitor().get('/read', { cookie })).json()).toMatchObject({ user: 'ann' })
    }
    expect([await isIn(browser), (await site.replays()).length]).toEqual([true, 0])
  })
})

describe('a copy of a session that is over already', () => {
  it('R115: what a key of it has ended is removed as such, and is no replay', async () => {
    const { site, browser, thief } = await stolen({ ends: { store: new MemoryStore(), by: () => ['org:1'] } })
    const ends = endsOf(site)
    await site.services[0].end('org:1')
    expect(await isIn(thief)).toBe(false)
    await nextTurn()
    expect(await site.replays()).toEqual([])
    expect(await site.recordOf(tokenOf(browser))).toBeUndefined()
    expect(ends.map(({ reason, owner }) => [reason, owner])).toEqual([
      ['key', undefined],
      ['key', 'ann'],
    ])
  })

  it.each(['end', 'report'] as const)(
    "R115: what the option valid refuses is no replay, with onReplay: '%s'",
    async (onReplay) => {
      let isValid = true
      const { site, browser, thief } = await stolen({ onReplay, valid: () => isValid })
      isValid = false
      expect(await isIn(thief)).toBe(false)
      expect(await site.replays()).toEqual([])
      isValid = true
      expect(await isIn(browser)).toBe(true)
      expect(await isIn(thief)).toBe(false)
      expect(await site.replays()).toMatchObject([{ detail: { isEnded: onReplay === 'end' } }])
    },
  )
})

describe('what is told of a copy', () => {
  it('R112: R115: the end of the session is told once as ended, with its reason, beside replayed', async () => {
    const { site, thief } = await stolen()
    const ends = endsOf(site)
    for (let count = 0; count < 2; count++) await isIn(thief)
    expect(await site.replays()).toHaveLength(1)
    expect(ends).toMatchObject([{ reason: 'replay', owner: 'ann', handle: expect.any(String) as string }])
  })

  it("R112: with onReplay: 'report' nothing is told as ended", async () => {
    const { site, thief } = await stolen({ onReplay: 'report' })
    const ends = endsOf(site)
    await isIn(thief)
    expect([(await site.replays()).length, ends]).toEqual([1, []])
  })

  it('R76: R115: traces tell that a successor is handed out, that it takes over, and that a copy ends the session', async () => {
    const site = new RotatingSite()
    const browser = await site.browser()
    const thief = site.thiefOf(browser)
    listener = new TraceListener(['commit', 'regenerate', 'destroy'])
    const kinds = async (visitor: Visitor, path = '/read'): Promise<unknown[]> => {
      await visitor.get(path)
      return (listener as TraceListener)
        .traces()
        .map(({ operation, outcome, kind }: SessionTrace) => [operation, outcome, kind])
    }
    expect(await kinds(browser)).toEqual([['commit', 'written', 'issue']])
    expect(await kinds(browser)).toEqual([['commit', 'written', 'turn']])
    expect(await kinds(browser)).toEqual([['commit', 'unchanged', undefined]])
    expect(await kinds(browser, '/set/a')).toContainEqual(['commit', 'written', undefined])
    expect(await kinds(browser, '/confirm/password')).toContainEqual(['commit', 'written', 'issue'])
    expect(await kinds(browser)).toEqual([['commit', 'written', 'turn']])
    expect(await kinds(browser, '/regenerate')).toContainEqual(['regenerate', 'written', undefined])
    expect(await kinds(browser)).toEqual([['commit', 'written', undefined]])
    site.clock.advance(2 * MINUTE)
    expect(await kinds(thief)).toContainEqual(['destroy', 'ended', 'replay'])
    expect(await kinds(browser)).not.toContainEqual(['destroy', 'ended', 'replay'])
  })
})
