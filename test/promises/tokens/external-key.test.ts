import { MemoryStore, type ExternalKey, type SessionOptions } from 'koa-session-service'
import { createSessionApp } from '../../support/app/session-app'
import { spyOn } from '../../support/spies/spy-on'

/** What a handler of requests may find where it looks for an id, most of it at the client's will. */
const NO_TEXTS: [string, unknown][] = [
  ['a list, as of ?token=a&token=b', ['a', 'b']],
  ['an object, as of ?token[a]=b', { a: 'b' }],
  ['true', true],
  ['false', false],
  ['a BigInt', 7n],
  ['a symbol', Symbol('id')],
  ['a function', () => 'id'],
  ['bytes', Buffer.from('id')],
  ['an empty text', ''],
  ['null', null],
  ['undefined', undefined],
  ['NaN', NaN],
]

describe.each([
  ['at once', (value: unknown) => value],
  ['as a promise', (value: unknown) => Promise.resolve(value)],
])('externalKey.get that returns %s', (_how, wrap) => {
  const open = (value: unknown, options: SessionOptions = {}) => {
    const externalKey = {
      get: () => wrap(value),
      set: () => undefined,
      clear: () => undefined,
    } as unknown as ExternalKey
    const recorded = spyOn({ store: new MemoryStore(), externalKey, ...options })
    const served = createSessionApp(recorded.options)
    const errors: unknown[] = []
    served.app.on('error', (error) => errors.push(error))
    return { ...served, calls: recorded.calls, errors }
  }

  it.each(NO_TEXTS)(
    'R31: an externalKey that returns %s presents no session, and causes no error',
    async (_name, value) => {
      const { visitor, calls, errors } = open(value)
      expect(await visitor().get('/')).toMatchObject({ status: 200, body: '{}' })
      expect(await visitor().get('/set?user=ann')).toMatchObject({ status: 200 })
      expect(errors).toEqual([])
      expect(calls.map(({ method }) => method)).not.toContain('read')
    },
  )

  it('R31: an externalKey that returns a number presents the session whose id it is in digits', async () => {
    const { visitor } = open(7, { genid: () => '7' })
    await visitor().get('/set?user=ann')
    expect((await visitor().get('/')).json()).toEqual({ user: 'ann' })
  })
})
