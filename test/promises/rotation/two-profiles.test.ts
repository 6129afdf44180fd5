import type { BrowserContext, Page } from 'playwright-core'
import { CHROMIUM } from '../../support/app/chromium'
import { ChromiumProfile } from '../../support/app/chromium-profile'
import { describeWith } from '../../support/backends/require-server'
import { storedOwner } from '../../support/owners/owned-app'
import { RotatingServer, shownOn, SIGNED_OUT } from '../../support/owners/rotating-server'
import { EVERY, MINUTE } from '../../support/owners/rotating-site'

/** Both work for so long at most: until the copy is noticed. */
const MINUTES = (2 * EVERY) / MINUTE

/** Opens a websocket and a stream of the session in a page; returns what has become of both. */
async function hold(page: Page): Promise<() => Promise<{ socket: unknown; stream: unknown }>> {
  await page.evaluate(
    async (url) => {
      const held: Held['held'] = { socket: 'open', stream: 'open' }
      ;(globalThis as Held).held = held
      const socket = new WebSocket(url)
      const stream = new EventSource('/events')
      socket.onclose = ({ code }) => (held.socket = code)
      stream.addEventListener('over', () => {
        stream.close()
        held.stream = 'over'
      })
      const first = [socket, stream].map((source) => new Promise<unknown>((resolve) => (source.onmessage = resolve)))
      await Promise.all(first)
    },
    page.url().replace('http', 'ws'),
  )
  return () => page.evaluate(() => (globalThis as Held).held)
}

type Held = typeof globalThis & { held: { socket: unknown; stream: unknown } }

/** Asks as a page does that stays open. */
function ask(page: Page): Promise<string | undefined> {
  return page.evaluate(async () => ((await (await fetch('/read')).json()) as { user?: string }).user)
}

describeWith('Chromium', CHROMIUM !== undefined)('two profiles of Chromium with one cookie', () => {
  let server: RotatingServer
  let profiles: ChromiumProfile[]

  beforeEach(async () => {
    server = await new RotatingServer().listen()
    profiles = [new ChromiumProfile()]
  })

  afterEach(async () => {
    for (const profile of profiles) await profile.remove()
    await server.close()
  })

  async function signIn(): Promise<BrowserContext> {
    const context = await profiles[0].start()
    await context.pages()[0].goto(server.url('/in'))
    return context
  }

  /** The owner's browser and the thief's, each with a page. */
  const COPIES: [how: string, begin: () => Promise<[Page, Page]>][] = [
    [
      'a cookie that was copied into another profile',
      async () => {
        const owner = await signIn()
        profiles.push(new ChromiumProfile())
        const thief = await profiles[1].start()
        await thief.addCookies(await owner.cookies())
        return [owner.pages()[0], thief.pages()[0]]
      },
    ],
    [
      'a copy of the whole profile',
      async () => {
        await signIn()
        await profiles[0].quit()
        profiles.push(profiles[0].copy())
        const [owner, thief] = [await profiles[0].start(), await profiles[1].start()]
        return [owner.pages()[0], thief.pages()[0]]
      },
    ],
  ]

  it.each(COPIES)(
    'R115: %s works, is told once, and then both are out and what they hold closes',
    async (_how, begin) => {
      const [owner, thief] = await begin()
      const held: Awaited<ReturnType<typeof hold>>[] = []
      for (const page of [owner, thief]) {
        await page.goto(server.url('/'))
        expect(await shownOn(page)).toBe('ann')
        held.push(await hold(page))
      }
      const shown: (string | undefined)[][] = []
      while (server.replays.length === 0 && shown.length < MINUTES) {
        server.clock.advance(MINUTE)
        shown.push([await ask(owner), await ask(thief)])
      }
      // Until the first successor can take over, the copy is as good as the cookie.
      expect(shown.slice(0, EVERY / MINUTE)).toEqual(Array.from({ length: EVERY / MINUTE }, () => ['ann', 'ann']))
      expect(shown.length).toBeLessThan(MINUTES)

      const over = { socket: SIGNED_OUT, stream: 'over' }
      for (const state of held) await expectSoon(state, over)
      expect([await ask(owner), await ask(thief)]).toEqual([undefined, undefined])
      expect(server.replays).toMatchObject([{ owner: 'ann', isEnded: true }])
      expect(server.store.listByOwner(storedOwner('ann'))).toEqual([])

      await owner.goto(server.url('/in'))
      server.clock.advance(MINUTE)
      expect([await ask(owner), await ask(thief)]).toEqual(['ann', undefined])
      expect(server.replays).toHaveLength(1)
    },
  )
})

/** Waits until something is as it is to be, ten seconds at most. */
async function expectSoon(look: () => Promise<unknown>, expected: unknown): Promise<void> {
  let seen = await look()
  for (let turn = 0; turn < 200 && JSON.stringify(seen) !== JSON.stringify(expected); turn++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    seen = await look()
  }
  expect(seen).toEqual(expected)
}
