import { MemoryStore, SessionError } from 'koa-session-service'
import { backendsWith } from '../../support/backends/backends'
import { createSessionApp } from '../../support/app/session-app'
import { READS, spyOn } from '../../support/spies/spy-on'

const GARBAGE: [string, unknown][] = [
  ['null', null],
  ['a number', 5],
  ['NaN', NaN],
  ['a text', '{"user":"eve"}'],
  ['an empty text', ''],
  ['true', true],
  ['an array', [{ user: 'eve' }]],
  ['a function', () => ({ user: 'eve' })],
  ['a symbol', Symbol('eve')],
  ['a BigInt', 1n],
]

describe.each(backendsWith({ hasIds: true }))('a store that is wrong: $name', ({ options, isConditional }) => {
  const open = async () => {
    const store = spyOn(options())
    const served = createSessionApp(store.options)
    const failures: unknown[] = []
    served.app.on('error', (error) => failures.push(error))
    const ann = served.visitor()
    await ann.get('/set?user=ann')
    return { store, ann, failures }
  }

  describe.each([
    ['at once', (value: unknown) => value],
    ['as a promise', (value: unknown) => Promise.resolve(value)],
  ])('%s', (_how, wrap) => {
    it.each(GARBAGE)('R43: a store that answers a reading with %s has read nothing', async (_name, garbage) => {
      const { store, ann, failures } = await open()
      const id = ann.jar.values.get('koa.sess')
      store.fail(() => wrap(garbage), READS)
      expect(await ann.get('/')).toMatchObject({ status: 200, body: '{}' })
      store.fail(() => wrap({ record: garbage, revision: 1 }), isConditional ? READS : /never/)
      expect((await ann.get('/')).body).toBe(isConditional ? '{}' : '{"user":"ann"}')
      store.fail(() => wrap(garbage), READS)
      await ann.get('/set?user=bea')
      expect(ann.jar.values.get('koa.sess')).not.toBe(id)
      expect(failures).toEqual([])
    })
  })

  it.each(['length', 'constructor', 'save', 'toJSON', 'maxAge'])(
    'R43: a store that answers with a record with %s does no harm',
    async (key) => {
      const { store, ann } = await open()
      const record = { user: 'ann', [key]: 5 }
      store.fail(() => (isConditional ? { record, revision: 1 } : record), READS)
      expect((await ann.get('/')).status).toBe(200)
    },
  )
})

describe('a conditional store that is wrong', () => {
  const ANSWERS: [string, unknown][] = [
    ['undefined', undefined],
    ['null', null],
    ['a number', 5],
    ['no such outcome', { outcome: 'odd' }],
  ]

  it.each(ANSWERS)(
    'R43: a store that answers replace with %s gives a SessionError of status 503',
    async (_name, answer) => {
      const store = spyOn({ store: new MemoryStore() })
      const { app, visitor } = createSessionApp(store.options)
      const failures: unknown[] = []
      app.on('error', (error) => failures.push(error))
      const ann = visitor()
      await ann.get('/set?user=bea')
      store.fail(() => answer, /^replace$/)
      expect(await ann.get('/set?user=cleo')).toMatchObject({ status: 503, setCookie: [] })
      expect(failures).toEqual([expect.any(SessionError)])
      store.recover()
      expect((await ann.get('/')).json()).toEqual({ user: 'bea' })
    },
  )

  it('R43: a store that says that every new id is taken gives a 503 after a few attempts, and no cookie', async () => {
    const store = spyOn({ store: new MemoryStore() })
    const { visitor } = createSessionApp(store.options)
    store.fail(() => undefined, /^create$/)
    expect(await visitor().get('/set?user=ann')).toMatchObject({ status: 503, setCookie: [] })
    expect(store.names.length).toBeLessThanOrEqual(12)
  })
})
