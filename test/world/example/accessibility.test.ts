import type { Browser, BrowserContext, Page } from 'playwright-core'
import { Container } from 'typedi'
import { Catalogue } from '../../../example/shop/catalogue'
import { CHROMIUM, useChromium } from '../../support/app/chromium'
import { describeWith } from '../../support/backends/require-server'
import { findingsIn } from './axe'
import { closeServers, type Browser as Visitor } from './browser'
import { addToCart, signIn } from './chromium-visitor'
import { ADA, visit } from './shop'

const PATHS = ['/', '/cart', '/account', '/sessions', '/sign-in', '/nowhere']
const TIMEOUT = 60_000

jest.setTimeout(300_000)

describeWith('Chromium', CHROMIUM !== undefined)('the shop, by ear', () => {
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

  async function profile(options: Parameters<Browser['newContext']>[0] = {}): Promise<BrowserContext> {
    const context = await browser.newContext({ baseURL: shop.url, ...options })
    context.setDefaultTimeout(TIMEOUT)
    contexts.push(context)
    return context
  }

  async function failToSignIn(page: Page): Promise<void> {
    await page.goto('/sign-in')
    await page.fill('[name=name]', ADA.name)
    await page.fill('[name=password]', 'difference engine')
    await page.click('main button')
    await page.waitForSelector('.error')
  }

  async function typeLongNote(page: Page): Promise<void> {
    await page.goto('/cart')
    await page.evaluate('document.querySelector("[name=note]").removeAttribute("maxlength")')
    await page.fill('[name=note]', 'y'.repeat(250))
    await page.click('text=Keep the note')
    await page.waitForSelector('.error')
  }

  /** Sends a form without its fields. */
  async function sendNothing(page: Page): Promise<void> {
    await page.goto('/sign-in')
    await page.evaluate('document.querySelectorAll("main input").forEach((input) => input.remove())')
    await page.click('main button')
    await page.waitForSelector('text=Bad Request')
  }

  async function failInside(page: Page): Promise<void> {
    jest.spyOn(console, 'error').mockImplementation(() => undefined)
    jest.spyOn(Container.get(Catalogue), 'linesOf').mockImplementationOnce(() => {
      throw new Error('down')
    })
    await page.goto('/cart')
    await page.waitForSelector('text=not your fault')
  }

  const open = (path: string) => async (page: Page) => void (await page.goto(path))
  const states = [...PATHS.map(open), failToSignIn, typeLongNote, sendNothing, failInside]

  test.each([
    { colorScheme: 'light', viewport: { width: 1024, height: 768 } },
    { colorScheme: 'dark', viewport: { width: 360, height: 640 } },
  ] as const)('axe finds nothing on any page of the shop in $colorScheme colours', async (looks) => {
    const context = await profile(looks)
    const found: string[] = []
    const page = await context.newPage()
    const lookAtAll = async (from: typeof states): Promise<void> => {
      for (const reach of from) {
        await reach(page)
        found.push(...(await findingsIn(page)))
      }
    }
    await lookAtAll(PATHS.map(open))
    await addToCart(context)
    await lookAtAll(states)
    await signIn(await profile(), '/sessions')
    const signedIn = await signIn(context)
    await lookAtAll(states)
    await signedIn.goto('/account')
    await page.goto('/sessions')
    await page.click('text=Sign out everywhere else')
    await page.click('nav button')
    await signedIn.waitForSelector('.signed-out')
    expect([...found, ...(await findingsIn(signedIn))]).toEqual([])
  })

  test('no two buttons of a page of the shop have the same spoken name, and each has in it what it shows', async () => {
    const context = await profile({ userAgent: 'Phone' })
    await signIn(await profile({ userAgent: 'Laptop' }))
    await addToCart(context)
    const page = await signIn(context)
    for (const path of ['/', '/cart', '/sessions']) {
      await page.goto(path)
      const shown = await page.locator('button').allInnerTexts()
      const spoken = await Promise.all(
        (await page.getByRole('button').all()).map(async (button) => (await button.ariaSnapshot()).slice(10, -1)),
      )
      expect(new Set(spoken).size).toBe(shown.length)
      expect(spoken.map((name, index) => name.includes(shown[index]))).toEqual(shown.map(() => true))
    }
    expect(await page.getByRole('button', { name: /^Sign out: Laptop, .*, last visit/ }).count()).toBe(1)
  })

  test('a wrong password and a note that is too long are announced with their fields', async () => {
    const page = await addToCart(await profile())
    await failToSignIn(page)
    expect(await page.getByRole('alert').innerText()).toBe('The name or the password is wrong.')
    const fields = page.locator('[aria-invalid=true][aria-describedby=sign-in-error]')
    expect(await fields.count()).toBe(2)
    expect(await page.evaluate('document.activeElement.getAttribute("aria-describedby")')).toBe('sign-in-error')
    await typeLongNote(page)
    expect(await page.getByRole('alert').innerText()).toMatch(/^The note has 250 characters\./)
    expect(await page.locator('[name=note]').getAttribute('aria-describedby')).toBe('note-error')
  })

  test('a page that was told that it is signed out shows nothing of the account any more', async () => {
    const context = await profile()
    await addToCart(context)
    const page = await signIn(context)
    const other = await context.newPage()
    await other.goto('/')
    for (const path of ['/account', '/cart', '/sessions', '/']) await page.goto(path)
    await page.goto('/account')
    expect(await page.locator('body').innerText()).toMatch(/ada[^]*assam/)
    await other.click('text=Sign out')
    await page.waitForSelector('.signed-out')
    const rest = await page.locator('body').innerText()
    expect(rest.replace(/\s+/g, ' ')).toBe('The Tea Shop Signed out You were signed out on this device. Sign in')
    expect(await page.title()).toBe('Signed out')
  })
})
