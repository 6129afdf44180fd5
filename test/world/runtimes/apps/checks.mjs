// What has to hold wherever the package runs: each kind of session, from the sign-in to the sign-out.
import Koa from 'koa'
import { hardened, MemoryStore, sealed, session, SessionError } from 'koa-session-service'

const SECRET = 'a secret that is at least thirty-two bytes long'
const AT_ONCE = 10
const OVER_HTTPS = { 'x-forwarded-proto': 'https' }
const owner = ({ user }) => user

/** What a browser does with cookies, as far as these checks need it. */
class Jar {
  constructor(cookies = new Map()) {
    this.cookies = cookies
  }

  get headers() {
    const pairs = Array.from(this.cookies, ([name, value]) => `${name}=${value}`)
    return pairs.length > 0 ? { cookie: pairs.join('; ') } : {}
  }

  accept(response) {
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)
      if (value === '') this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
  }

  copy() {
    return new Jar(new Map(this.cookies))
  }
}

const HANDLERS = {
  '/sign-in': (ctx) => {
    Object.assign(ctx.session, { user: 'ann', notes: 'n'.repeat(300) })
    return 'welcome'
  },
  '/sign-out': async (ctx, sessions) => {
    await sessions.destroy(ctx)
    return 'bye'
  },
  '/fail': (ctx) => {
    ctx.session.failed = true
    return ctx.throw(418)
  },
}

/** A visitor of an app whose pages are counted. */
async function visit(open, options, { headers = {}, needsCtx = true } = {}) {
  const app = new Koa()
  Object.assign(app, { keys: ['a key'], proxy: true, silent: true })
  const middleware = session(options, app)
  const { sessions } = middleware
  app.use(middleware)
  app.use(async (ctx) => {
    const count = async () => {
      const change = (data) => void (data.views = (data.views ?? 0) + 1)
      const { views, user = 'nobody' } = await (needsCtx ? sessions.update(change, ctx) : sessions.update(change))
      return `${views} views of ${user}`
    }
    ctx.body = await (HANDLERS[ctx.path] ?? count)(ctx, sessions)
  })
  const site = await open(app)
  const jar = new Jar()
  const get = async (path, kept = jar) => {
    const response = await site.get(path, { ...headers, ...kept.headers })
    kept.accept(response)
    return { status: response.status, text: await response.text() }
  }
  return { app, sessions, jar, get, headers, close: () => site.close() }
}

async function inItsCookie(check, name, visitor) {
  const { get } = visitor
  check(`${name}: signs in`, (await get('/sign-in')).text, 'welcome')
  await get('/')
  check(`${name}: counts`, (await get('/')).text, '2 views of ann')
  await get('/sign-out')
  check(`${name}: signs out`, (await get('/')).text, '1 views of nobody')
}

async function inAStore(check, name, visitor, inMany) {
  const { sessions, jar, get, headers } = visitor
  check(`${name}: signs in`, (await get('/sign-in')).text, 'welcome')
  await get('/')
  check(`${name}: counts`, (await get('/')).text, '2 views of ann')
  await inMany(check, name, visitor)
  const held = await sessions.open({ headers: { ...headers, ...jar.headers } })
  check(`${name}: opens outside a request`, held?.data.user, 'ann')
  check(`${name}: keeps the status of an error`, (await get('/fail')).status, 418)
  const stolen = jar.copy()
  const ended = new Promise((resolve) => held.signal.addEventListener('abort', () => resolve(held.signal.reason.code)))
  await get('/sign-out')
  check(`${name}: tells who holds the session that it ended`, await ended, 'ERR_SESSION_ENDED')
  check(`${name}: opens nothing with the cookie from before`, (await get('/', stolen)).text, '1 views of nobody')
}

async function inParallel(check, name, { jar, get }) {
  const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => get('/', jar.copy())))
  const counts = answers.map(({ text }) => Number.parseInt(text, 10)).sort((one, other) => one - other)
  check(`${name}: counts each of many requests at once`, counts.join(), '3,4,5,6,7,8,9,10,11,12')
}

async function inAList(check, name, { sessions }) {
  check(`${name}: lists the sessions of an account`, (await sessions.list({ owner: 'ann' })).length, 1)
}

const SITES = [
  ['cookie', {}, inItsCookie],
  ['sealed, in pieces', { codec: sealed({ keys: [SECRET] }), chunks: 2 }, inItsCookie],
  ['sealed, compressed', { codec: sealed({ keys: [SECRET], compressAbove: 50 }) }, inItsCookie],
  ['store', { store: new MemoryStore() }, inAStore, inParallel],
  ['owners', { store: new MemoryStore(), owner, asyncLocalStorage: true }, inAStore, inAList, { needsCtx: false }],
  ['hardened', hardened({ store: new MemoryStore() }), inAStore, inParallel, { headers: OVER_HTTPS }],
]

/**
 * @param open starts an app, and returns how to `get` a path of it and to `close` it
 * @param required what `require` gives for the package
 * @returns how many checks have passed, and a line for each that has not
 */
export async function runChecks(open, required) {
  const result = { passed: 0, failures: [] }
  const check = (title, found, expected) => {
    if (found === expected) result.passed++
    else result.failures.push(`${title}: ${found}, not ${expected}`)
  }
  for (const [name, options, scenario, part, how] of SITES) {
    const visitor = await visit(open, options, how)
    visitor.app.on('error', (error) => void (error.status === 418 || result.failures.push(`${name}: ${error.stack}`)))
    await scenario(check, name, visitor, part)
    await visitor.close()
  }
  check(
    'a mistake is named',
    codeOf(() => session({ roling: true }, new Koa())),
    'ERR_SESSION_OPTIONS',
  )
  check('require gives the same classes as import', required.MemoryStore === MemoryStore, true)
  return result
}

function codeOf(mistake) {
  try {
    return void mistake()
  } catch (error) {
    return error instanceof SessionError ? error.code : String(error)
  }
}
