import Koa from 'koa'
import session, { MemoryStore } from 'koa-session-service'
import { ask, drive } from './exchange'
import { heapAfterGc } from './heap'
import { payload } from './payload'

const VISITORS = 63
/** Full after some 30,000 requests, so that what grows from then on is a leak. */
const CAPACITY = 500
const SAMPLES = 20
/** How long the requests between two samples may take, in milliseconds. */
const SAMPLE_MS = 120_000

/** Visitors who change their sessions, and one new visitor in 64; tells the heap from time to time. */
async function soak(mode: string, requests: number): Promise<void> {
  const app = new Koa()
  app.keys = ['a long random secret']
  app.use(session({ store: mode === 'MemoryStore' ? new MemoryStore({ max: CAPACITY }) : undefined }, app))
  const data = payload(200)
  let count = data.count as number
  app.use((ctx) => {
    Object.assign(ctx.session, data, { count: ++count })
    ctx.body = 'written'
  })
  const handler = app.callback()
  const cookies = ['']
  for (let visitor = 0; visitor < VISITORS; visitor++) cookies.push((await ask(handler, '/')).cookie)
  const bytes = cookies.map((cookie) => Buffer.from(cookie))
  for (let sample = 1; sample <= SAMPLES; sample++) {
    await drive(handler, bytes, { ms: SAMPLE_MS, atMost: requests / SAMPLES })
    process.send?.({ requests: (sample * requests) / SAMPLES, heap: heapAfterGc(), isLast: sample === SAMPLES })
  }
}

process.on('disconnect', () => process.exit())
void soak(process.argv[2], Number(process.argv[3]))
