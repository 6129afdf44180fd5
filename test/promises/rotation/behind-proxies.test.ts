import { once } from 'node:events'
import { request, type ClientRequest, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Context, Middleware } from 'koa'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { CHROMIUM, useChromium } from '../../support/app/chromium'
import { hasHaproxy, hasNginx, startHaproxy, startNginx } from '../../support/backends/proxies'
import { describeWith } from '../../support/backends/require-server'
import type { ServerProcess } from '../../support/backends/server-process'
import { askAs, RotatingServer } from '../../support/owners/rotating-server'
import { randomFrom } from '../../support/races/rotation-simulation'
import { EVERY, MINUTE, SECOND } from '../../support/owners/rotating-site'

/** Less than a proxy would hold back for long, and more. */
const [SMALL, LARGE] = [8 * 1024, 100 * 1024]
/** So often a page asks whose answers are lost. */
const TURNS = 80

interface Proxy {
  name: string
  isThere: boolean
  start: (app: number) => Promise<ServerProcess>
  /** Whether it holds a body back until that is whole. */
  holds: { small: boolean; large: boolean }
}

const PROXIES: Proxy[] = [
  {
    name: 'nginx with proxy_request_buffering on',
    isThere: hasNginx,
    start: (app) => startNginx(app, { holdsBodies: true }),
    holds: { small: true, large: true },
  },
  {
    name: 'nginx with proxy_request_buffering off',
    isThere: hasNginx,
    start: (app) => startNginx(app, { holdsBodies: false }),
    holds: { small: false, large: false },
  },
  {
    name: 'HAProxy with option http-buffer-request',
    isThere: hasHaproxy,
    start: (app) => startHaproxy(app, { holdsBodies: true }),
    holds: { small: true, large: false },
  },
]

describeWith('Chromium', CHROMIUM !== undefined)('behind a proxy', () => {
  let server: RotatingServer
  let proxy: ServerProcess
  let browser: Browser
  let context: BrowserContext
  let page: Page

  useChromium((started) => (browser = started))

  async function begin(
    start: Proxy['start'],
    made = new RotatingServer({}, { handlers: { '/upload': upload } }),
  ): Promise<void> {
    server = await made.listen()
    proxy = await start(server.port)
    context = await browser.newContext()
    page = await context.newPage()
    expect(await visit('/in')).toBe('ann')
    await visit()
  }

  afterEach(async () => {
    await context.close()
    await proxy.stop()
    await server.close()
  })

  function visit(path = '/'): Promise<string> {
    return askAs(page, server, path, proxy.port)
  }

  /** A successor takes over in a tab, and then some time passes. */
  async function takeOver(): Promise<void> {
    const { takeovers } = server
    expect([await visit(), await visit()]).toEqual(['ann', 'ann'])
    expect(server.takeovers).toBe(takeovers + 1)
    server.clock.advance(3 * MINUTE)
    expect(await visit()).toBe('ann')
  }

  for (const { name, isThere, start, holds } of PROXIES) {
    describeWith(name, isThere)(name, () => {
      it('R114: an upload of 100 KB that was begun long before a takeover and ends after it has its session, which goes on', async () => {
        await begin(start)
        server.clock.advance(EVERY)
        const slow = await beginUpload(LARGE)
        expect(server.served.some(({ path }) => path === '/upload')).toBe(!holds.large)
        await takeOver()
        expect(await slow.end()).toEqual({ user: 'ann', length: LARGE })
        server.clock.advance(MINUTE)
        expect(await visit()).toBe('ann')
        expect(server.replays).toEqual([])
      })

      const what = holds.small ? 'is taken for a copy where it is held back beyond the grace' : 'has its session'
      it(`R114: a body of 8 KB that was begun long before a takeover and ends after it ${what}`, async () => {
        await begin(start)
        server.clock.advance(EVERY)
        const slow = await beginUpload(SMALL)
        expect(server.served.some(({ path }) => path === '/upload')).toBe(!holds.small)
        await takeOver()
        expect(await slow.end()).toEqual({ ...(holds.small ? {} : { user: 'ann' }), length: SMALL })
        expect(await visit()).toBe(holds.small ? 'nobody' : 'ann')
        expect(server.replays).toHaveLength(holds.small ? 1 : 0)
      })
    })
  }

  for (const ignoresAborts of [false, true]) {
    const how = ignoresAborts ? 'goes on with' : 'drops'
    describeWith('nginx', hasNginx)(`an nginx that ${how} requests whose client is gone`, () => {
      it('R114: a browser whose answers are lost on the way in great number stays signed in', async () => {
        const random = randomFrom(ignoresAborts ? 1 : 2)
        let dropped = 0
        // The app's own connections break, too: nginx asks once more then.
        const around: Middleware = async (ctx, next) => {
          await wait(random() * 10)
          await next()
          await wait(random() * 10)
          if (random() >= 0.1) return
          dropped++
          ctx.req.destroy()
        }
        const start = (app: number): Promise<ServerProcess> => startNginx(app, { holdsBodies: true, ignoresAborts })
        await begin(start, new RotatingServer({}, { around }))
        const answered: unknown[] = []
        for (let turn = 0; turn < TURNS; turn++) {
          server.clock.advance((20 + 80 * random()) * SECOND)
          const delays = Array.from({ length: 6 }, (_, index) => (index < 2 ? undefined : random() * 40))
          answered.push(...(await page.evaluate(askAndGiveUp, delays)))
        }
        // Some answers came, and some never did.
        expect(new Set(answered)).toEqual(new Set(['ann', 'given up']))
        expect(dropped).toBeGreaterThan(TURNS / 10)
        expect(server.takeovers).toBeGreaterThan(2)
        server.clock.advance(MINUTE)
        expect(await visit()).toBe('ann')
        expect(server.replays).toEqual([])
      })
    })
  }

  /** Sends the first half of a body with the cookies of the browser. */
  async function beginUpload(length: number): Promise<{ end: () => Promise<unknown> }> {
    const cookies = await context.cookies()
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
    const headers = { cookie, 'content-length': String(length) }
    const sent: ClientRequest = request(server.url('/upload', { port: proxy.port }), { method: 'POST', headers })
    const answer = once(sent, 'response') as Promise<[IncomingMessage]>
    sent.write('x'.repeat(length / 2))
    // What the proxy does not hold back comes through meanwhile.
    await wait(500)
    return {
      end: async () => {
        sent.end('x'.repeat(length / 2))
        return JSON.parse(await text((await answer)[0])) as unknown
      },
    }
  }
})

/** In the page: parallel calls, of which each that has a time is given up after that. Returns who was signed in. */
function askAndGiveUp(delays: (number | undefined)[]): Promise<unknown[]> {
  return Promise.all(
    delays.map((delay) =>
      fetch('/read', { signal: delay === undefined ? null : AbortSignal.timeout(delay) })
        .then(async (answer) => ((await answer.json()) as { user?: string }).user ?? 'nobody')
        .catch(() => 'given up'),
    ),
  )
}

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

async function upload(ctx: Context): Promise<void> {
  const { length } = await text(ctx.req)
  ctx.body = { user: ctx.session.user, length }
}
