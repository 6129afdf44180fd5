import type { Browser, BrowserContext, Page } from 'playwright-core'
import { CHROMIUM, useChromium } from '../../support/app/chromium'
import { SessionService } from 'koa-session-service'
import { Container } from 'typedi'
import { describeWith } from '../../support/backends/require-server'
import { closeServers, type Browser as Visitor } from './browser'
import { addToCart, signIn } from './chromium-visitor'
import { BROKEN_BUTTONS, HIDDEN_WIDTH, PALE_TEXTS } from './looks'
import { ADA, visit } from './shop'

/** Less than the time after which a session is looked at anew. */
const PATIENCE = { timeout: 20_000 }
const SIGNED_OUT = 'You were signed out on this device.'

describeWith('Chromium', CHROMIUM !== undefined)('the shop in Chromium', () => {
  let browser: Browser
  let shop: Visitor
  const contexts: BrowserContext[] = []

  useChromium((started) => (browser = started))

  beforeEach(async () => {
    shop = await visit({})
  })
  afterEach(async () => {
    jest.restoreAllMocks()
    for (const context of contexts.splice(0)) await context.close()
    await closeServers()
  })

  /** Another profile: it has cookies of its own. */
  async function profile(options: Parameters<Browser['newContext']>[0] = {}): Promise<BrowserContext> {
    const context = await browser.newContext({ baseURL: shop.url, ...options })
    context.setDefaultTimeout(PATIENCE.timeout)
    contexts.push(context)
    return context
  }

  /** What the page, or its console, complains of. */
  function complaintsOf(page: Page): string[] {
    const complaints: string[] = []
    page.on('pageerror', ({ message }) => complaints.push(message))
    page.on('console', (line) => void (line.type() === 'error' && complaints.push(line.text())))
    return complaints
  }

  test('R66, R72: a page that is open shows without a reload that it was signed out from another device', async () => {
    const [laptop, phone] = [await signIn(await profile()), await signIn(await profile(), '/sessions')]
    const complaints = complaintsOf(laptop)
    const opened = jest.spyOn(Container.get(SessionService), 'open')
    const [live] = await Promise.all([laptop.waitForEvent('websocket'), laptop.reload()])
    while (opened.mock.results.length === 0) await laptop.waitForTimeout(20)
    const frame = live.waitForEvent('framereceived', PATIENCE)
    const loads: string[] = []
    laptop.on('load', (page) => loads.push(page.url()))
    expect(await phone.locator('tbody tr').count()).toBe(2)

    await phone.click('text=Sign out everywhere else')
    expect((await frame).payload).toBe('signed-out')
    await laptop.waitForSelector('.signed-out')
    expect(loads).toEqual([])
    expect(complaints).toEqual([])
    expect(await laptop.locator('.signed-out').innerText()).toBe(`${SIGNED_OUT} Sign in`)
    expect(await phone.locator('tbody tr').count()).toBe(1)
    expect(await phone.locator('.signed-out').count()).toBe(0)

    await laptop.click('.signed-out a')
    await laptop.fill('[name=name]', ADA.name)
    await laptop.fill('[name=password]', ADA.password)
    await laptop.click('main button')
    await laptop.waitForURL('/account')
    expect(await laptop.locator('h1').innerText()).toBe('Hello, ada')
  })

  test('R66, R72: a page that was out of reach meanwhile shows as well that it was signed out from another device', async () => {
    const [laptop, phone] = [await signIn(await profile()), await signIn(await profile(), '/sessions')]
    await laptop.routeWebSocket('**/live', (socket) => socket.close())
    await laptop.reload()
    await phone.click('text=Sign out everywhere else')
    await laptop.waitForSelector('.signed-out')
    expect(await laptop.locator('.signed-out').count()).toBe(1)
  })

  test('R72: another tab of the same browser is told of a sign-out', async () => {
    const context = await profile()
    const [one, another] = [await signIn(context), await context.newPage()]
    await another.goto('/')
    await another.click('text=Sign out')
    await one.waitForSelector('.signed-out')
  })

  test('what a visitor has typed into a form is there still after an error', async () => {
    const page = await addToCart(await profile())
    await page.goto('/sign-in')
    await page.fill('[name=name]', ADA.name)
    await page.fill('[name=password]', 'difference engine')
    await page.click('main button')
    await page.waitForSelector('.error')
    expect(await page.inputValue('[name=name]')).toBe(ADA.name)
    expect(await page.inputValue('[name=password]')).toBe('')

    await page.goto('/cart')
    await page.evaluate('document.querySelector("[name=note]").removeAttribute("maxlength")')
    await page.fill('[name=note]', 'y'.repeat(250))
    await page.click('text=Keep the note')
    await page.waitForSelector('.error')
    expect(await page.inputValue('[name=note]')).toBe('y'.repeat(250))
  })

  const PATHS = ['/', '/cart', '/account', '/sessions', '/sign-in', '/nowhere']
  const PHONE = { viewport: { width: 360, height: 640 } }

  test.each(['light', 'dark'] as const)(
    'every page of the shop fits a phone, and can be read, in %s colours',
    async (colorScheme) => {
      const context = await profile({ ...PHONE, colorScheme, userAgent: `Mozilla/5.0 (${'X11; '.repeat(40)})` })
      const page = await addToCart(context)
      for (const product of ['rooibos', 'earl-grey']) {
        await Promise.all([page.waitForEvent('load'), page.click(`[value=${product}]`)])
      }
      const found: unknown[] = []
      const look = async (): Promise<void> => {
        const hidden = await page.evaluate<number>(HIDDEN_WIDTH)
        const broken = await page.evaluate<string[]>(BROKEN_BUTTONS)
        const pale = await page.evaluate<string[]>(PALE_TEXTS)
        if (hidden > 0 || broken.length > 0 || pale.length > 0) found.push([page.url(), hidden, broken, pale])
        // LOOKS=folder keeps the pages as pictures, to look at.
        const folder = process.env.LOOKS
        const name = new URL(page.url()).pathname.replaceAll('/', '_')
        if (folder) await page.screenshot({ path: `${folder}/${colorScheme}${name}${shots++}.png`, fullPage: true })
      }
      let shots = 0
      for (const path of PATHS) {
        await page.goto(path)
        await look()
      }
      await page.goto('/sign-in')
      await page.fill('[name=name]', 'x'.repeat(100))
      await page.fill('[name=password]', 'wrong')
      await page.click('main button')
      await page.waitForSelector('.error')
      await look()
      const signedIn = await signIn(context)
      for (const path of PATHS) {
        await page.goto(path)
        await look()
      }
      await signedIn.click('text=Sign out')
      await page.waitForSelector('.signed-out')
      await look()
      expect(found).toEqual([])
    },
  )
})
