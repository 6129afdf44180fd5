import { SessionError, type SessionOptions } from 'koa-session-service'
import { backendsWith } from '../../support/backends/backends'
import { createSessionApp, type Action } from '../../support/app/session-app'
import { deferred, type Deferred } from '../../support/races/interleave'
import { READS, RENEWALS, spyOn } from '../../support/spies/spy-on'

/** A request, and which call of the store it waits for. */
const CALLS: [string, RegExp, SessionOptions][] = [
  ['/', READS, {}],
  ['/set?user=bea', /^(set|replace)$/, {}],
  ['/replace?user=bea', /^(set|create)$/, {}],
  ['/logout', /^destroy$/, {}],
  ['/plain', RENEWALS, { rolling: true }],
]

/** Lets everything that is due happen; jest fails a test that leaves a rejection unhandled. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
}

async function open(options: SessionOptions, methods: RegExp, actions?: Record<string, Action>) {
  const store = spyOn({ storeTimeout: 5, ...options })
  const served = createSessionApp(store.options, actions)
  const failures: unknown[] = []
  served.app.on('error', (error) => failures.push(error))
  const ann = served.visitor()
  await ann.get('/set?user=ann')
  const answers: Deferred<unknown>[] = []
  store.fail(() => {
    const answer = deferred<unknown>()
    answers.push(answer)
    return answer.promise
  }, methods)
  return { store, served, ann, failures, answers }
}

describe.each(backendsWith({ hasIds: true }))('storeTimeout: $name', ({ options }) => {
  it.each(CALLS)(
    'R43: a request to %s waits for %s no longer than storeTimeout: 503',
    async (path, methods, settings) => {
      const { ann, failures, answers } = await open({ ...options(), ...settings }, methods)
      expect(await ann.get(path)).toMatchObject({ status: 503, setCookie: [] })
      expect(answers).toHaveLength(1)
      expect(failures).toEqual([expect.any(SessionError)])
      expect(failures[0]).toMatchObject({ code: 'ERR_SESSION_STORE', cause: { message: 'no answer within 5 ms' } })
    },
  )

  it.each(CALLS)('R43: an answer to %s that comes late from %s is dropped', async (path, methods, settings) => {
    const { ann, failures, answers, store } = await open({ ...options(), ...settings }, methods)
    const before = ann.jar.header
    const { setCookie } = await ann.get(path)
    const calls = store.names.length
    answers[0].resolve({ record: { user: 'late' }, revision: 1, outcome: 'written' })
    await settle()
    expect([setCookie, ann.jar.header, failures.length, store.names.length]).toEqual([[], before, 1, calls])
  })

  it.each(CALLS)(
    'R43: a late failure of %s at %s is dropped: no unhandled rejection',
    async (path, methods, settings) => {
      const { ann, failures, answers } = await open({ ...options(), ...settings }, methods)
      await ann.get(path)
      answers[0].reject(new Error('too late'))
      await settle()
      expect(failures).toHaveLength(1)
    },
  )

  it('R43: a late answer of the store does not come into a request that goes on as anonymous', async () => {
    const seen: unknown[] = []
    const look: Action = async (ctx) => {
      answers[0].resolve({ record: { user: 'late' }, user: 'late', revision: 1 })
      await settle()
      seen.push({ ...ctx.session })
    }
    const settings = { ...options(), onStoreError: 'anonymous' as const }
    const { ann, answers } = await open(settings, READS, { '/look': look })
    expect((await ann.get('/look')).status).toBe(200)
    expect(seen).toEqual([{}])
  })

  it('R43: an answer of the store in time is taken, and leaves no timer behind', async () => {
    const { ann, store, failures } = await open({ ...options(), storeTimeout: 60_000 }, /never/)
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const before = timers()
    store.fail(async ({ proceed }) => {
      await new Promise(setImmediate)
      return proceed()
    })
    expect((await ann.get('/')).json()).toEqual({ user: 'ann' })
    expect((await ann.get('/set?cart=tea')).status).toBe(200)
    expect((await ann.get('/')).json()).toEqual({ user: 'ann', cart: 'tea' })
    expect(failures).toEqual([])
    expect(timers()).toBeLessThanOrEqual(before)
  })

  it('R43: a slow store is waited for without storeTimeout', async () => {
    const { ann, answers } = await open({ ...options(), storeTimeout: undefined }, READS)
    const response = ann.get('/')
    await settle()
    expect(answers).toHaveLength(1)
    answers[0].resolve({ user: 'slow', record: { user: 'slow' }, revision: 1 })
    expect((await response).json()).toMatchObject({ user: 'slow' })
  })
})
