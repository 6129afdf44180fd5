import { MemoryStore, type SessionOptions } from 'koa-session-service'
import { BACKENDS } from '../../support/backends/backends'
import { createSessionApp } from '../../support/app/session-app'

const CODED = { code: 'ERR_SESSION_BAD_VALUE' }

/** As an application has it whose ids are numbers: of who is not signed in, it makes NaN. */
const careless: SessionOptions['owner'] = (data) => Number((data as { userId?: string }).userId)

describe.each(BACKENDS)('an owner that is no account: $name', ({ options }) => {
  it.each<[string, SessionOptions['owner']]>([
    ['NaN', careless],
    ['an infinity', () => Infinity],
    ['an empty text', (data) => (data as { userId?: string }).userId ?? ''],
  ])(
    'R100: an owner that is %s is an error with a code, and no account of all who are not signed in',
    async (_what, owner) => {
      const { app, visitor } = createSessionApp({ ...options(), owner })
      const errors: unknown[] = []
      app.on('error', (error) => errors.push(error))
      expect(await visitor().get('/set?cart=tea')).toMatchObject({ status: 500, setCookie: [] })
      expect(errors).toEqual([expect.objectContaining(CODED)])
    },
  )

  it('R100: an owner that is undefined or null is nobody', async () => {
    for (const nobody of [undefined, null]) {
      const { visitor } = createSessionApp({ ...options(), owner: () => nobody })
      const guest = visitor()
      await guest.get('/set?cart=tea')
      expect((await guest.get('/')).json()).toEqual({ cart: 'tea' })
    }
  })
})

it('R100: the verbs of an owner take the same accounts as the option, and refuse the same', async () => {
  const { sessions } = createSessionApp({ store: new MemoryStore(), owner: careless })
  for (const owner of ['', NaN, Infinity, {}, [], true, null] as string[]) {
    await expect(sessions.list({ owner })).rejects.toMatchObject(CODED)
    await expect(sessions.revoke('handle', { owner })).rejects.toMatchObject(CODED)
    await expect(sessions.revokeAll({ owner })).rejects.toMatchObject(CODED)
  }
  expect(await sessions.list({ owner: 0 })).toEqual([])
  expect(await sessions.revokeAll({ owner: '0' })).toBe(0)
})
