// Makes docs/shop.png: the example shop's page of sessions, as somebody sees it who is signed in on three devices.
// Run it with `npm run screenshot`. CHROMIUM is the browser's path where it is not among the usual ones.
import { spawn } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { chromium } from 'playwright-core'

const USUAL = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const FILE = 'docs/shop.png'
const MAX_BYTES = 80_000
const DEVICES = ['Firefox on a laptop', 'Safari on a phone', 'Chrome on a tablet']

const executablePath = process.env.CHROMIUM ?? USUAL.find(existsSync)
if (!executablePath) throw new Error('No Chromium was found. Set CHROMIUM to its path.')

/** Starts the shop that was built, and returns its address and how to end it. */
async function openShop() {
  const env = { ...process.env, PORT: '0', SESSIONS: 'memory' }
  const shop = spawn(process.execPath, ['example/dist/shop/main.js'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  for await (const chunk of shop.stdout.setEncoding('utf8')) {
    printed += chunk
    const [url] = /http:\S+/.exec(printed) ?? []
    if (url) return { url, close: () => shop.kill() }
  }
  throw new Error(`The shop did not open. ${printed}`)
}

async function signIn(page) {
  await page.goto('/sign-in')
  await page.fill('[name=name]', 'ada')
  await page.fill('[name=password]', 'analytical engine')
  await page.click('main button')
  await page.waitForSelector('text=Sessions')
}

const shop = await openShop()
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
try {
  const pages = []
  for (const userAgent of DEVICES) {
    const viewport = { width: 900, height: 560 }
    const context = await browser.newContext({ baseURL: shop.url, viewport, userAgent, colorScheme: 'light' })
    pages.push(await context.newPage())
    await signIn(pages.at(-1))
  }
  const [page] = pages
  await page.goto('/sessions')
  await page.screenshot({ path: FILE, fullPage: true })
} finally {
  await browser.close()
  shop.close()
}
const { size } = statSync(FILE)
if (size > MAX_BYTES) throw new Error(`${FILE} has ${size} bytes; ${MAX_BYTES} are allowed.`)
console.log(`${FILE}: ${size} bytes`)
