import type { BrowserContext, Page } from 'playwright-core'
import { ADA } from './shop'

/** Signs in from a page that asks for it, and lands there. */
export async function signIn(context: BrowserContext, path = '/account'): Promise<Page> {
  const page = await context.newPage()
  await page.goto(path)
  await page.click('main a')
  await page.fill('[name=name]', ADA.name)
  await page.fill('[name=password]', ADA.password)
  await page.click('main button')
  await page.waitForURL(path)
  return page
}

export async function addToCart(context: BrowserContext): Promise<Page> {
  const page = await context.newPage()
  await page.goto('/')
  await page.click('[value=assam]')
  await page.waitForURL('/')
  await page.waitForSelector('text=/Cart \\([1-9]/')
  return page
}
