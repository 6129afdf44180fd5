import inject from 'light-my-request'
import { hardened, MemoryStore, session } from '../../../src'
import { createApp } from '../../support/app/app'

/** Lives through a few requests of a hardened app in a process of its own, and prints what may not be in its log. */
const SECRET = 'what-only-the-visitor-knows'
const isStored = process.argv[2] === 'store'
const app = createApp()
app.proxy = true
const options = isStored ? { store: new MemoryStore() } : { keys: ['a secret of more than thirty-two bytes'] }
app.use(session(hardened({ ...options, valid: (ctx) => ctx.path !== '/refused' }), app))
app.use((ctx) => {
  if (ctx.path === '/in') Object.assign(ctx.session, { user: SECRET, _private: SECRET })
  if (ctx.path === '/out') ctx.session = null
  ctx.body = 'done'
})

const handle = app.callback()

async function get(path: string, cookie = ''): Promise<string> {
  const headers = { 'x-forwarded-proto': 'https', ...(cookie && { cookie }) }
  const { headers: answer } = await inject((req, res) => void handle(req, res), { method: 'GET', url: path, headers })
  return [answer['set-cookie'] ?? []]
    .flat()
    .map((line) => line.split(';')[0])
    .join('; ')
}

async function main(): Promise<void> {
  const first = await get('/in')
  await get('/refused', first)
  const second = await get('/in')
  await get('/out', second)
  await get('/', second)
  await get('/', second.replace(/=[^;]*/, '=nonsense'))
  const tokens = [first, second].map((cookie) => /=([^;]+)/.exec(cookie)?.[1])
  process.stdout.write(JSON.stringify({ tokens, secret: SECRET }))
}

void main()
