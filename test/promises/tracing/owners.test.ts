import { inspect } from 'node:util'
import { MemoryStore } from 'koa-session-service'
import { startClock, stopClock } from '../../support/clock'
import { OwnedApp } from '../../support/owners/owned-app'
import { nextTurn } from '../../support/app/site'
import { TraceListener } from './listener'
import { spyOn } from '../../support/spies/spy-on'

const OWNER = 'ann-whom-no-trace-names'
const MINUTE = 60_000

let listener: TraceListener | undefined
let clock: ReturnType<typeof stopClock>

beforeEach(() => {
  clock = stopClock()
})

afterEach(() => {
  startClock()
  listener?.stop()
  listener = undefined
})

interface Journey {
  /** The methods of the store, in the order of their calls. */
  calls: string[]
  answers: string[]
  events: string[]
}

/** Three devices of one owner who may have two, each with everything that an owner can ask for. */
async function travel(): Promise<Journey> {
  const { options, names } = spyOn({ store: new MemoryStore() })
  const device = (ctx: { get: (name: string) => string }) => ({ userAgent: ctx.get('user-agent') })
  const site = new OwnedApp({ ...options, maxPerOwner: 2, device: device })
  const answers: string[] = []
  const go = async (visitor: ReturnType<OwnedApp['visitor']>, path: string): Promise<string> => {
    const { status, body } = await visitor.get(path, { 'user-agent': 'a browser' })
    const text = body.replace(/"handle":"[^"]*"/g, '"handle"')
    answers.push(`${path.replace(/[\w-]{43}/, 'handle')} ${status} ${text}`)
    return body
  }
  const [first, second, third] = [site.visitor(), site.visitor(), site.visitor()]
  for (const visitor of [first, second, third]) {
    await go(visitor, `/as/${OWNER}`)
    clock.advance(MINUTE)
  }
  clock.advance(10 * MINUTE)
  for (const visitor of [first, second, third]) await go(visitor, '/plain')
  for (const path of ['/confirm/password', '/fresh/1000', '/set/cart', '/take/cart', '/touch']) await go(third, path)
  const sessions = JSON.parse(await go(third, '/list')) as { handle: string; current: boolean }[]
  await go(third, `/revoke/${sessions.find(({ current }) => !current)?.handle}`)
  await go(second, '/read')
  await go(second, `/as/${OWNER}`)
  for (const path of ['/revokeall?except=current', '/list', '/revokeall', '/read']) await go(third, path)
  for (const path of [`/as/${OWNER}`, '/list/nobody', '/revokeall/nobody']) await go(third, path)
  await nextTurn()
  const events = site.events.map(({ name, detail }) => `${name} ${detail.reason as string} ${inspect(detail.device)}`)
  return { calls: names, answers, events }
}

describe('the sessions of an owner, where somebody listens to traces', () => {
  it('R76: every call of the store, answer and event of an owner is the same where somebody listens to traces', async () => {
    const expected = await travel()
    expect(expected.events).toContain('revoked limit undefined')
    startClock()
    clock = stopClock()
    listener = new TraceListener()
    expect(await travel()).toEqual(expected)
  })

  it('R76: calls about an owner are traced as any other, and no trace says who that is', async () => {
    listener = new TraceListener(['store'])
    const { calls } = await travel()
    const told = inspect(listener.heard, { depth: 8, showHidden: true })
    const outcomes = new Set(listener.outcomes())
    for (const method of ['listByOwner', 'destroyByOwner', 'readMark', 'setMark']) expect(calls).toContain(method)
    expect([...outcomes].filter((outcome) => /Owner|Mark/.test(outcome)).sort()).toEqual([
      'store destroyByOwner removed',
      'store listByOwner found',
      'store listByOwner none',
      'store readMark found',
      'store readMark none',
      'store setMark written',
    ])
    expect(told).not.toContain(OWNER)
  })
})
