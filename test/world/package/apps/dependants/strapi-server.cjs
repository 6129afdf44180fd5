// An application of Strapi, as it stands in a folder: its session is the framework's, which requires koa-session.
const { mkdirSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { createStrapi } = require('@strapi/strapi')

const SECRET = "'a long random secret'"
const COUNT = `module.exports = () => async (ctx, next) => {
  if (ctx.path !== '/count') return next()
  ctx.session.views = (ctx.session.views ?? 0) + 1
  ctx.body = String(ctx.session.views)
}
`
const FILES = {
  'config/database.js': (port) => `module.exports = { connection: { client: 'postgres',
    connection: { host: '127.0.0.1', port: ${port}, database: 'postgres', user: 'postgres' } } }`,
  'config/server.js': () =>
    `module.exports = { host: '127.0.0.1', port: 0, proxy: { koa: true }, app: { keys: [${SECRET}] } }`,
  'config/admin.js': () => `module.exports = { serveAdminPanel: false, auth: { secret: ${SECRET} },
    apiToken: { salt: ${SECRET} }, transfer: { token: { salt: ${SECRET} } }, secrets: { encryptionKey: ${SECRET} } }`,
  'config/middlewares.js':
    () => `module.exports = ['logger', 'errors', 'security', 'cors', 'poweredBy', 'query', 'body',
    'session'].map((name) => 'strapi::' + name).concat('global::count', 'strapi::favicon', 'strapi::public')`,
  'src/middlewares/count.js': () => COUNT,
  'src/index.js': () => 'module.exports = {}',
}

async function main() {
  const { Browser, print } = await import('./world.mjs')
  for (const folder of ['config', 'src/middlewares', 'src/api', 'src/extensions', 'public/uploads', 'database']) {
    mkdirSync(join(__dirname, folder), { recursive: true })
  }
  for (const [path, text] of Object.entries(FILES)) writeFileSync(join(__dirname, path), text(process.argv[2]))
  const strapi = await createStrapi({ appDir: __dirname, distDir: __dirname }).start()
  const url = `http://127.0.0.1:${strapi.server.httpServer.address().port}`
  // In production its cookie goes over HTTPS alone, and here a proxy stands in front of it.
  const headers = { 'x-forwarded-proto': 'https' }
  const browser = new Browser()
  const pages = []
  for (let visit = 0; visit < 3; visit++) pages.push((await browser.open(`${url}/count`, { headers })).text)
  const { name } = require('koa-session/package.json')
  print({ name, version: strapi.config.get('info.strapi'), pages, cookies: Array.from(browser.cookies.keys()) })
  process.exit()
}

void main()
