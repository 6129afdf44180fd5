import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { BrowserContext } from 'playwright-core'
import { CHROMIUM } from '../../support/app/chromium'
import { ChromiumProfile } from '../../support/app/chromium-profile'
import { describeWith } from '../../support/backends/require-server'
import { askAs, RotatingServer } from '../../support/owners/rotating-server'
import { EVERY, MINUTE, SECOND } from '../../support/owners/rotating-site'

/** `npm run measure:kills` kills browsers so many seconds after a takeover, one after the other, and prints what came of it. */
const KILLED_AFTER = (process.env.KILLED_AFTER ?? '').split(',').filter(Boolean).map(Number)
/** So long Chromium keeps a cookie that has changed before it writes it to the disk, in seconds. */
const UNWRITTEN = 30
/** So long a token opens its session after it was replaced. */
const GRACE = EVERY / 10
/** From so many cookies on that changed, Chromium writes them without waiting for its half minute. */
const AT_ONCE = 600

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

describeWith('Chromium', CHROMIUM !== undefined)('a Chromium that is killed', () => {
  let server: RotatingServer
  let profile: ChromiumProfile
  let browser: BrowserContext

  beforeEach(async () => {
    server = await new RotatingServer().listen()
    await begin()
  })

  afterEach(async () => {
    await profile.remove()
    await server.close()
  })

  /** A browser that has signed in, and has the cookie of that on its disk. */
  async function begin(): Promise<void> {
    profile = new ChromiumProfile()
    browser = await profile.start()
    await visit('/in')
    await profile.quit()
    browser = await profile.start()
    await visit()
  }

  async function visit(path = '/'): Promise<string> {
    return askAs(browser.pages()[0], server, path)
  }

  /** A response hands over a successor, and the browser uses it. */
  async function takeOver(): Promise<void> {
    server.clock.advance(EVERY)
    await visit()
    server.clock.advance(5 * SECOND)
    await visit()
    expect(server.takeovers).toBe(1)
  }

  async function comeBack(after: number): Promise<string> {
    server.clock.advance(after)
    browser = await profile.start()
    return visit()
  }

  it('R114: a browser that is killed after a takeover and comes back within the grace stays signed in', async () => {
    await takeOver()
    await profile.kill()
    expect(await comeBack(GRACE - SECOND)).toBe('ann')
    // It was the token from before that came, and its sibling lasts.
    expect(server.served.at(-1)?.tokens).toEqual([server.handed[0]])
    for (let minute = 0; minute < 12; minute++) {
      server.clock.advance(MINUTE)
      expect(await visit()).toBe('ann')
    }
    expect(server.replays).toEqual([])
  })

  it('R115: a browser that is killed before its cookie is on the disk and comes back after the grace is taken for a copy', async () => {
    await takeOver()
    await profile.kill()
    expect(await comeBack(GRACE)).toBe('nobody')
    expect(server.replays).toMatchObject([{ owner: 'ann', isEnded: true }])
    expect(await visit('/in')).toBe('ann')
    server.clock.advance(MINUTE)
    expect(await visit()).toBe('ann')
  })

  it('R114: a browser that is killed before it has used its successor stays signed in, however late it comes back', async () => {
    server.clock.advance(EVERY)
    await visit()
    expect(server.handed).toHaveLength(2)
    await profile.kill()
    expect(await comeBack(60 * MINUTE)).toBe('ann')
    expect(server.replays).toEqual([])
  })

  it('R114: a browser that is killed once its cookie is on the disk stays signed in, however late it comes back', async () => {
    await takeOver()
    await writeCookies()
    await profile.kill()
    expect(await comeBack(60 * MINUTE)).toBe('ann')
    expect(server.replays).toEqual([])
  })

  for (const seconds of KILLED_AFTER) {
    it.each([true, false])(
      `R114: killed ${seconds} seconds after a takeover, all of its processes %s, and back an hour later`,
      async (isWhole) => {
        await wait(UNWRITTEN * SECOND)
        await takeOver()
        await wait(seconds * SECOND)
        await profile.kill({ isWhole })
        const user = await comeBack(60 * MINUTE)
        const what = isWhole ? 'all of its processes' : 'its first process'
        process.stdout.write(`${what} killed after ${seconds} s: ${user}, ${server.replays.length} alarms\n`)
        if (seconds > UNWRITTEN) expect([user, server.replays]).toEqual(['ann', []])
      },
    )
  }

  /** Lets so many cookies change that the browser writes them at once. */
  async function writeCookies(): Promise<void> {
    const file = join(profile.folder, 'Default', 'Cookies')
    const before = statSync(file).mtimeMs
    const url = 'http://elsewhere.example/'
    await browser.addCookies(
      Array.from({ length: AT_ONCE }, (_, index) => ({
        name: `c${index % 100}`,
        value: `${index}`,
        url,
        expires: Date.now() / 1000 + 3600,
      })),
    )
    while (statSync(file).mtimeMs === before) await wait(50)
  }
})
