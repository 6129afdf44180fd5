import type { SessionOptions } from 'koa-session-service'
import { startClock, stopClock } from '../../support/clock'
import { BACKENDS, backendsWith } from '../../support/backends/backends'
import { createSessionApp } from '../../support/app/session-app'

const HOUR = 60 * 60 * 1000
const LONG: SessionOptions = { maxAge: 'session', ttl: 100 * HOUR }
const TIMEOUTS: [string, SessionOptions][] = [
  ['idleTimeout', { idleTimeout: HOUR }],
  ['absoluteTimeout', { absoluteTimeout: HOUR }],
  ['both', { idleTimeout: HOUR, absoluteTimeout: 2 * HOUR }],
]

/** A session without any time in it, and the same site with a timeout switched on. */
async function open(options: SessionOptions, timeout: SessionOptions) {
  const before = createSessionApp({ ...LONG, ...options }).visitor()
  await before.get('/set?cart=tea')
  const ttl = 'store' in options || 'ContextStore' in options ? LONG.ttl : undefined
  const after = createSessionApp({ ...LONG, ...options, ttl, ...timeout })
  return { ...after, ann: after.visitor(before.jar), before }
}

afterEach(startClock)

describe.each(BACKENDS)('timeouts that are switched on: $name', ({ options, hasIds }) => {
  it.each(TIMEOUTS)('R64: %s bounds a session that was issued without any time', async (_name, timeout) => {
    const clock = stopClock()
    const { ann, visitor } = await open(options(), timeout)
    const stolen = ann.jar.copy()
    if (hasIds) await ann.get('/')
    for (let hours = 0; hours < 5; hours++) {
      clock.advance(HOUR + 1)
      await visitor(stolen.copy()).get('/plain')
    }
    expect((await visitor(stolen.copy()).get('/')).json()).toEqual({})
  })
})

describe.each(backendsWith({ hasIds: false }))('cookies without a time: $name', ({ options }) => {
  it.each(TIMEOUTS)('R64: a cookie without a time is refused at once under %s', async (_name, timeout) => {
    const { ann } = await open(options(), timeout)
    expect((await ann.get('/')).json()).toEqual({})
  })

  it.each(TIMEOUTS)('R64: a cookie with a time is bounded from its own beginning under %s', async (_name, timeout) => {
    const clock = stopClock()
    const before = createSessionApp({ ...options(), maxAge: 50 * HOUR }).visitor()
    await before.get('/set?cart=tea')
    const { visitor } = createSessionApp({ ...options(), maxAge: 50 * HOUR, ...timeout })
    clock.advance(HOUR - 1)
    expect((await visitor(before.jar.copy()).get('/')).json()).toEqual({ cart: 'tea' })
    clock.advance(HOUR + 2)
    expect((await visitor(before.jar.copy()).get('/')).json()).toEqual({})
  })
})

describe.each(backendsWith({ hasIds: true }))('records without a time: $name', ({ options }) => {
  it.each(TIMEOUTS)(
    'R64: a record without a time gets one at its first use under %s, and keeps it',
    async (_name, timeout) => {
      const clock = stopClock()
      const { ann } = await open(options(), timeout)
      clock.advance(10 * HOUR)
      expect((await ann.get('/')).json()).toEqual({ cart: 'tea' })
      clock.advance(HOUR - 1)
      expect((await ann.get('/')).json()).toEqual({ cart: 'tea' })
      clock.advance(HOUR + 2)
      expect((await ann.get('/')).json()).toEqual({})
    },
  )
})
