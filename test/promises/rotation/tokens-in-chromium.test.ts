import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { SessionOptions } from 'koa-session-service'
import { CHROMIUM, useChromium } from '../../support/app/chromium'
import type { Handlers } from '../../support/app/site'
import { describeWith } from '../../support/backends/require-server'
import { askAs, RotatingServer } from '../../support/owners/rotating-server'
import { EVERY, SECOND } from '../../support/owners/rotating-site'

describeWith('Chromium', CHROMIUM !== undefined)('the tokens that Chromium keeps', () => {
  let server: RotatingServer
  let browser: Browser
  let context: BrowserContext
  let page: Page

  useChromium((started) => (browser = started))

  async function begin(options: SessionOptions = {}, handlers: Handlers = {}): Promise<void> {
    server = await new RotatingServer(options, { handlers }).listen()
    context = await browser.newContext()
    page = await context.newPage()
  }

  afterEach(async () => {
    await context.close()
    await server.close()
  })

  const visit = (path = '/'): Promise<string> => askAs(page, server, path)

  describe.each([true, false])('with cookies that are signed: %s', (signed) => {
    it('R114: an earlier token of the session that is left under another path neither ends nor hinders it', async () => {
      let path = '/shop'
      await begin({ signed, path: () => path }, { '/shop': (ctx) => (ctx.type = 'html') })
      expect(await visit('/in')).toBe('ann')
      // It came for the path of the shop alone.
      expect(await visit('/')).toBe('nobody')
      expect(await visit('/shop')).toBe('ann')
      const [stale] = server.handed
      path = '/'
      server.clock.advance(EVERY)
      for (let turn = 0; turn < 12; turn++) {
        // The root is where the successors are alone; the shop gets both, the stale one first.
        for (const place of ['/shop', ...(turn > 0 ? ['/'] : [])])
          expect([turn, place, await visit(place)]).toEqual([turn, place, 'ann'])
        server.clock.advance(EVERY / 2)
      }
      const atShop = server.served.at(-2)
      expect([atShop?.path, atShop?.tokens.length, atShop?.tokens[0]]).toEqual(['/shop', 2, stale])
      const good = new Set(server.served.flatMap(({ tokens }) => tokens.slice(-1)))
      expect(good.size).toBeGreaterThan(3)
      expect(server.replays).toEqual([])
    })

    it('R114: a token of an earlier session that is left under another path neither ends nor hinders the next', async () => {
      let path = '/shop'
      await begin({ signed, path: () => path }, { '/shop': (ctx) => (ctx.type = 'html'), '/shop/in': signIn })
      expect(await visit('/shop/in')).toBe('ann')
      await server.sessions.revokeAll({ owner: 'ann' })
      path = '/'
      expect(await visit('/in')).toBe('ann')
      for (let turn = 0; turn < 8; turn++) {
        for (const place of ['/shop', '/']) expect([turn, place, await visit(place)]).toEqual([turn, place, 'ann'])
        server.clock.advance(EVERY / 2)
      }
      expect(server.served.at(-2)?.tokens).toHaveLength(2)
      expect(server.replays).toEqual([])
    })
  })

  it('R114, R85: with rolling, save() and streams, no token is in two responses, and none brings an earlier one back', async () => {
    await begin(
      { rolling: true },
      {
        '/save': async (ctx) => {
          ctx.session.views = Number(ctx.session.views ?? 0) + 1
          await server.sessions.save(ctx)
        },
        '/slow': async (ctx) => {
          await server.sessions.touch(ctx)
          await new Promise((resolve) => setTimeout(resolve, 30))
        },
      },
    )
    expect(await visit('/in')).toBe('ann')
    for (let turn = 0; turn < 36; turn++) {
      server.clock.advance(turn % 3 === 0 ? 5 * SECOND : 90 * SECOND)
      expect([turn, await page.evaluate(work)]).toEqual([turn, Array.from({ length: 5 }, () => 'ann')])
      if (turn % 5 === 0) expect(await visit()).toBe('ann')
    }
    expect(server.takeovers).toBeGreaterThan(2)
    expect(server.handed.length).toBeGreaterThan(server.takeovers)
    expect(server.handed.filter((token, index) => server.handed.indexOf(token) !== index)).toEqual([])
    // None that was presented by then has been handed over again.
    const presented = new Set<string>()
    for (const { tokens, handed } of server.served) {
      for (const token of tokens) presented.add(token)
      expect(handed !== undefined && presented.has(handed)).toBe(false)
    }
    const [held] = (await context.cookies()).filter(({ name }) => name === 'koa.sess')
    expect(server.handed).toContain(held.value)
    // Koa reports each stream that its client has closed.
    const errors = server.errors.filter((error) => (error as { code?: string }).code !== 'ERR_STREAM_PREMATURE_CLOSE')
    expect([server.replays, errors]).toEqual([[], []])
  })
})

/** In the page: calls at once, and a stream that is closed again. */
async function work(): Promise<(string | undefined)[]> {
  const stream = new EventSource('/events')
  const opened = new Promise((resolve) => (stream.onmessage = resolve))
  const ask = async (path: string): Promise<string | undefined> =>
    ((await (await fetch(path)).json()) as { user?: string }).user
  const users = await Promise.all(['/save', '/slow', '/read', '/save', '/slow'].map(ask))
  await opened
  stream.close()
  return users
}

const signIn: Handlers[string] = (ctx) => {
  ctx.session.user = 'ann'
  ctx.type = 'html'
}
