import type { SessionOptions } from 'koa-session-service'
import { startClock, stopClock } from '../../support/clock'
import { backendsWith } from '../../support/backends/backends'
import { interceptStore } from '../../support/spies/intercept'
import { createSessionApp } from '../../support/app/session-app'

const CONDITIONAL = backendsWith({ isConditional: true })
const HOUR = 60 * 60 * 1000

/** What makes a session expire after an hour; the store keeps its record for longer. */
const LIMITS: [string, SessionOptions][] = [
  ['maxAge', { maxAge: HOUR, ttl: 10 * HOUR }],
  ['idleTimeout', { maxAge: 10 * HOUR, idleTimeout: HOUR, ttl: 10 * HOUR }],
]

/** How another request gives the session a new life, while its record has none left. */
const RENEWALS: [string, string][] = [
  ['a touch', '/touch'],
  ['a change', '/set?renewed=1'],
  ['regenerate()', '/regenerate'],
]
const CASES = LIMITS.flatMap(([limit, more]) => RENEWALS.map(([what, path]) => ({ limit, more, what, path })))

/**
 * An app over a store where the next `destroy` waits until `meanwhile` is done: after a record was read as expired, and
 * before it is removed.
 */
function open(options: SessionOptions, more: SessionOptions) {
  let meanwhile: (() => Promise<unknown>) | undefined
  const withHold = interceptStore({ ...options, ...more }, async ({ method, proceed }) => {
    const work = method === 'destroy' ? meanwhile : undefined
    if (work) meanwhile = undefined
    await work?.()
    return proceed()
  })
  const served = createSessionApp(withHold)
  const before = (work: () => Promise<unknown>) => void (meanwhile = work)
  return { ...served, ann: served.visitor(), beforeDestroy: before }
}

afterEach(startClock)

describe.each(CONDITIONAL)('renewed meanwhile: $name', ({ options }) => {
  it.each(CASES)(
    'R57: a session that $limit would end lives where $what has renewed it meanwhile',
    async ({ more, path }) => {
      const clock = stopClock()
      const { ann, visitor, beforeDestroy } = open(options(), more)
      await ann.get('/set?cart=tea')
      const late = visitor(ann.jar.copy())
      clock.advance(HOUR + 1)
      beforeDestroy(async () => {
        clock.advance(-2)
        await ann.get(path)
        clock.advance(2)
      })
      const shown = (await late.get('/')).json<Record<string, unknown>>()
      // Who comes with a token that was rotated away meanwhile is shown nothing.
      const renewed = path === '/set?renewed=1' ? { cart: 'tea', renewed: '1' } : { cart: 'tea' }
      expect(shown).toEqual(path === '/regenerate' ? {} : renewed)
      expect((await ann.get('/')).json()).toEqual(renewed)
      clock.advance(HOUR / 2)
      expect((await ann.get('/')).json()).toEqual(renewed)
    },
  )

  it.each(LIMITS)('R57: a session that %s ends is removed where nobody has renewed it', async (_limit, more) => {
    const clock = stopClock()
    const { ann, visitor } = open(options(), more)
    await ann.get('/set?cart=tea')
    const late = visitor(ann.jar.copy())
    clock.advance(HOUR + 1)
    expect((await late.get('/')).json()).toEqual({})
    clock.advance(-2)
    expect((await ann.get('/')).json()).toEqual({})
  })

  it('R57: a session that absoluteTimeout would end lives where a sign-in has begun it anew meanwhile', async () => {
    const clock = stopClock()
    const owner: SessionOptions['owner'] = ({ user }) => user as string | undefined
    const { ann, visitor, beforeDestroy } = open(options(), { owner, maxAge: 10 * HOUR, absoluteTimeout: HOUR })
    await ann.get('/set?cart=tea')
    const late = visitor(ann.jar.copy())
    clock.advance(HOUR + 1)
    beforeDestroy(async () => {
      clock.advance(-2)
      await ann.get('/set?user=ann')
      clock.advance(2)
    })
    expect((await late.get('/')).json()).toEqual({})
    expect((await ann.get('/')).json()).toEqual({ cart: 'tea', user: 'ann' })
  })
})
