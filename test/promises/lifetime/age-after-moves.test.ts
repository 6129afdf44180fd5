import type { SessionOptions } from 'koa-session-service'
import { startClock, stopClock } from '../../support/clock'
import { BACKENDS } from '../../support/backends/backends'
import { createSessionApp } from '../../support/app/session-app'

const NOW = Date.parse('2030-01-01T00:00:00.000Z')
const HOUR = 60 * 60 * 1000
const ABSOLUTE = { absoluteTimeout: 12 * HOUR, maxAge: 24 * HOUR }

let clock: ReturnType<typeof stopClock>
beforeEach(() => (clock = stopClock(NOW)))
afterEach(startClock)

function expiresIn(setCookie: string[]): number {
  const line = setCookie.find((candidate) => /^koa\.sess=[^;]/.test(candidate))
  return Date.parse(/expires=([^;]+)/.exec(line ?? '')?.[1] ?? '') - Date.now()
}

describe.each(BACKENDS)('the age of a session: $name', ({ options }) => {
  it('R24: the age of a session comes along with the data where the session is regenerated', async () => {
    const visitor = createSessionApp({ ...options(), ...ABSOLUTE }).visitor()
    await visitor.get('/set?user=ann')
    clock.advance(5 * HOUR)
    expect(expiresIn((await visitor.get('/regenerate')).setCookie)).toBe(7 * HOUR)
  })

  it('R24: the age of a session restarts where it is regenerated without its data', async () => {
    const visitor = createSessionApp({ ...options(), ...ABSOLUTE }).visitor()
    await visitor.get('/set?user=ann')
    clock.advance(5 * HOUR)
    expect(expiresIn((await visitor.get('/regenerate?keepData=false')).setCookie)).toBe(12 * HOUR)
    expect((await visitor.get('/')).json()).toEqual({})
  })

  it('R24: the age of a session restarts with another owner', async () => {
    const owner: SessionOptions['owner'] = ({ user }) => user as string | undefined
    const visitor = createSessionApp({ ...options(), ...ABSOLUTE, owner }).visitor()
    await visitor.get('/set?cart=tea')
    clock.advance(5 * HOUR)
    expect(expiresIn((await visitor.get('/set?user=ann')).setCookie)).toBe(12 * HOUR)
    clock.advance(5 * HOUR)
    expect(expiresIn((await visitor.get('/set?cart=milk')).setCookie)).toBe(7 * HOUR)
  })

  it('R24: the age of a session restarts with null and new data', async () => {
    const visitor = createSessionApp({ ...options(), ...ABSOLUTE }).visitor()
    await visitor.get('/set?user=ann')
    clock.advance(5 * HOUR)
    expect(expiresIn((await visitor.get('/replace?user=bea')).setCookie)).toBe(12 * HOUR)
  })
})
