// An application of Egg, as it stands in a folder: its session is the framework's, which imports koa-session.
const { mkdirSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const egg = require('egg')

const KEYS = "exports.keys = 'a long random secret'\nexports.security = { csrf: { enable: false } }\n"
const ROUTER = `module.exports = (app) => {
  app.get('/', async (ctx) => (ctx.body = ctx.session.user ?? 'nobody'))
  app.get('/in', async (ctx) => {
    ctx.session.user = 'ann'
    ctx.body = 'in'
  })
  app.get('/out', async (ctx) => {
    ctx.session = null
    ctx.body = 'out'
  })
}
`

function write(folder, config) {
  for (const name of ['app', 'config']) mkdirSync(join(folder, name), { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'app', egg: { declarations: false } }))
  writeFileSync(join(folder, 'app/router.js'), ROUTER)
  writeFileSync(join(folder, 'config/config.default.js'), KEYS + config)
}

async function main() {
  const { Browser, listen, print } = await import('./world.mjs')
  const baseDir = join(__dirname, 'egg-app')
  write(baseDir, process.argv[2] ?? '')
  const app = await egg.start({ baseDir, workers: 1, mode: 'single', env: 'unittest' })
  const { url } = await listen(app.callback())
  const browser = new Browser()
  const pages = []
  for (const path of ['/', '/in', '/']) pages.push((await browser.open(url + path)).text)
  const cookies = Array.from(browser.cookies.keys())
  const isReadable = Buffer.from(browser.cookies.get('EGG_SESS'), 'base64').includes('ann')
  for (const path of ['/out', '/']) pages.push((await browser.open(url + path)).text)
  print({ pages, cookies, isReadable, left: Array.from(browser.cookies.keys()) })
}

void main()
