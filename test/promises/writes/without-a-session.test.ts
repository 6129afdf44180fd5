import { hardened, MemoryStore, sealed, type SessionOptions } from 'koa-session-service'
import { BACKENDS, SEALING_KEYS } from '../../support/backends/backends'
import { createSessionApp } from '../../support/app/session-app'
import { spyOn } from '../../support/spies/spy-on'

const READS = ['/', '/plain', '/id', '/read']
const RENEWING: SessionOptions[] = [{ rolling: true }, { renew: true }, { idleTimeout: 1000, absoluteTimeout: 9000 }]

async function ask(options: SessionOptions, times = 1000): Promise<{ cookies: number; failures: number }> {
  const { app, visitor } = createSessionApp(options, {
    '/read': ({ session }) => [session.isNew, session.user, session.length, session.populated, session.maxAge],
  })
  app.proxy = true
  let [cookies, failures] = [0, 0]
  for (let request = 0; request < times; request++) {
    const path = READS[request % READS.length]
    const { setCookie, status } = await visitor().get(path, { 'x-forwarded-proto': 'https' })
    cookies += setCookie.length
    failures += status < 400 ? 0 : 1
  }
  return { cookies, failures }
}

describe.each(BACKENDS)('anonymous requests: $name', ({ options, hasIds }) => {
  async function callsOf(settings: SessionOptions, times?: number): Promise<string[]> {
    const backend = { ...options(), ...settings }
    const recorded = hasIds ? spyOn(backend) : { options: backend, names: [] }
    expect(await ask(recorded.options, times)).toEqual({ cookies: 0, failures: 0 })
    return recorded.names
  }

  it('R42: a thousand anonymous requests that only read leave no record and no cookie, and call no store', async () => {
    expect(await callsOf({})).toEqual([])
  })

  it.each(RENEWING)(
    'R42: anonymous requests leave no record and no cookie where every use renews a session (%j)',
    async (settings) => {
      expect(await callsOf(settings, 100)).toEqual([])
    },
  )
})

it('R42: anonymous requests leave no record and no cookie with the hardened preset', async () => {
  const store = new MemoryStore()
  const recorded = spyOn({ store })
  expect(await ask(hardened(recorded.options))).toEqual({ cookies: 0, failures: 0 })
  expect(recorded.names).toEqual([])
  expect(await ask(hardened({ keys: SEALING_KEYS }))).toEqual({ cookies: 0, failures: 0 })
})

it('R42: anonymous requests leave no record and no cookie with a session that may be spread over several', async () => {
  const options = { codec: sealed({ keys: SEALING_KEYS }), chunks: 4 }
  expect(await ask(options)).toEqual({ cookies: 0, failures: 0 })
})

it('R42: a logout of nobody calls no store', async () => {
  const recorded = spyOn({ store: new MemoryStore() })
  await createSessionApp(recorded.options).visitor().get('/logout')
  expect(recorded.names).toEqual([])
})
