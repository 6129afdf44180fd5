import type { SessionOptions, StoreContext } from 'koa-session-service'
import { backendsWith } from '../../support/backends/backends'
import { interceptStore, type StoreCall } from '../../support/spies/intercept'
import { createSessionApp, type Action } from '../../support/app/session-app'

const CONDITIONAL = backendsWith({ isConditional: true })
const owner: SessionOptions['owner'] = ({ user }) => user as string | undefined
const WRITES = ['create', 'replace', 'touch', 'set']

type Fault = 'before' | 'after'

/** Whether the request that a reading is made for asks for a store that does not answer after its write. */
function isBlind(args: unknown[]): boolean {
  return (args[1] as StoreContext).ctx.get('x-blind') !== ''
}

/** An app over a store of which the next calls of these methods lose their answer, before or after their effect. */
function open(options: SessionOptions, more: SessionOptions = {}) {
  const faults = new Map<string, Fault>()
  const writes: string[] = []
  const handle = async ({ method, args, proceed }: StoreCall): Promise<unknown> => {
    const fault = faults.get(method)
    faults.delete(method)
    if (WRITES.includes(method)) writes.push(method)
    // The second look comes after a write.
    if (method === 'read' && fault === undefined && writes.length > 0 && isBlind(args)) throw new Error('no answer')
    if (fault === 'before') throw new Error('the connection was reset')
    const answer = await proceed()
    if (fault === 'after') throw new Error('the answer was lost')
    return answer
  }
  const saveTwice: Action = async (ctx) => {
    Object.assign(ctx.session, ctx.query)
    await ctx.session.save().catch(() => undefined)
    await ctx.session.save().catch(() => undefined)
  }
  const served = createSessionApp(interceptStore({ ...options, ...more }, handle), { '/save-twice': saveTwice })
  const visitor = served.visitor()
  return { ...served, ann: visitor, faults, writes }
}

describe.each(CONDITIONAL)('lost answers: $name', ({ options }) => {
  it.each<[string, SessionOptions, string, object]>([
    ['regenerate()', {}, '/regenerate', { cart: 'tea' }],
    ['regenerate() with secrets', { hashTokens: true }, '/regenerate', { cart: 'tea' }],
    ['a change of owner', { owner }, '/set?user=ann', { cart: 'tea', user: 'ann' }],
  ])('R54: %s whose answer is lost after its effect has happened is good', async (_what, more, path, data) => {
    const { ann, visitor, faults, writes } = open(options(), more)
    await ann.get('/set?cart=tea')
    const old = ann.jar.copy()
    writes.length = 0
    faults.set('replace', 'after')
    const { status } = await ann.get(path)
    expect({ status, writes }).toEqual({ status: 200, writes: ['replace'] })
    expect((await ann.get('/')).json()).toEqual(data)
    expect((await visitor(old).get('/')).json()).toEqual({})
  })

  it.each<[string, SessionOptions, string]>([
    ['regenerate()', {}, '/regenerate'],
    ['a change of owner', { owner }, '/set?user=ann'],
  ])('R54: %s that fails before its effect is a 503, and leaves the session as it was', async (_what, more, path) => {
    const { ann, faults } = open(options(), more)
    await ann.get('/set?cart=tea')
    faults.set('replace', 'before')
    const { status, setCookie } = await ann.get(path)
    expect({ status, setCookie }).toEqual({ status: 503, setCookie: [] })
    expect((await ann.get('/')).json()).toEqual({ cart: 'tea' })
  })

  it('R54: a rotation of which the second look fails as well is a 503', async () => {
    const { ann, faults, writes } = open(options())
    await ann.get('/set?cart=tea')
    writes.length = 0
    faults.set('replace', 'after')
    const { status } = await ann.get('/regenerate', { 'x-blind': '1' })
    expect({ status, writes }).toEqual({ status: 503, writes: ['replace'] })
  })

  it('R54: a new session with a secret, whose answer is lost, is there', async () => {
    const { ann, faults, writes } = open(options(), { hashTokens: true })
    faults.set('create', 'after')
    const { status } = await ann.get('/set?cart=tea')
    expect({ status, writes }).toEqual({ status: 200, writes: ['create'] })
    expect((await ann.get('/')).json()).toEqual({ cart: 'tea' })
  })

  it('R54: a new session without a secret, whose answer is lost, is a 503, and the browser is told nothing', async () => {
    const { ann, faults, writes } = open(options())
    faults.set('create', 'after')
    const { status, setCookie } = await ann.get('/set?cart=tea')
    expect({ status, setCookie, writes }).toEqual({ status: 503, setCookie: [], writes: ['create'] })
    expect((await ann.get('/set?cart=milk')).status).toBe(200)
    expect((await ann.get('/')).json()).toEqual({ cart: 'milk' })
  })

  it.each<Fault>(['before', 'after'])('R54: data in doubt are not sent again in their request (%s)', async (fault) => {
    const { ann, faults, writes } = open(options())
    await ann.get('/set?cart=tea')
    writes.length = 0
    faults.set('replace', fault)
    const { status } = await ann.get('/save-twice?cart=milk')
    expect({ status, writes }).toEqual({ status: 503, writes: ['replace'] })
    expect((await ann.get('/')).json()).toEqual({ cart: fault === 'after' ? 'milk' : 'tea' })
    expect((await ann.get('/set?cart=bread')).status).toBe(200)
    expect((await ann.get('/')).json()).toEqual({ cart: 'bread' })
  })

  it('R54: a change that others made after a rotation in doubt is kept', async () => {
    const { ann, faults, visitor } = open(options(), { owner })
    await ann.get('/set?user=ann')
    const other = visitor(ann.jar.copy())
    faults.set('replace', 'after')
    expect((await ann.get('/regenerate')).status).toBe(200)
    // The other tab has the new token by then.
    for (const [name, value] of ann.jar.values) other.jar.values.set(name, value)
    expect((await other.get('/set?theirs=1')).status).toBe(200)
    expect((await ann.get('/set?mine=1')).status).toBe(200)
    expect((await ann.get('/')).json()).toEqual({ user: 'ann', theirs: '1', mine: '1' })
  })
})
