import type { Context } from 'koa'
import { SessionService } from 'koa-session-service'
import { createSite } from '../../support/app/site'
import { Visitor } from '../../support/app/app'
import { BACKENDS } from '../../support/backends/backends'
import { inTime } from '../../support/races/in-time'
import { soon } from './once-app'

interface Data {
  user?: string
  token?: string
}

type Ways = Record<string, (ctx: Context) => unknown>

const sessionsOf = (ctx: Context): SessionService<Data> => SessionService.of(ctx)

/** How Zoe comes in the browser that Al has signed in with. */
const SIGN_INS: Ways = {
  'a change of ctx.session': (ctx) => Object.assign(ctx.session, { user: 'zoe', token: undefined }),
  'another ctx.session': (ctx) => (ctx.session = { user: 'zoe' }),
  'update()': (ctx) => sessionsOf(ctx).update((data) => Object.assign(data, { user: 'zoe', token: undefined }), ctx),
  'regenerate() without data': async (ctx) => {
    await sessionsOf(ctx).regenerate({ keepData: false }, ctx)
    ctx.session.user = 'zoe'
  },
}

describe.each(BACKENDS)('work of once() beside a sign-in as somebody else, in a $name', ({ options }) => {
  /** A site whose pages ask for a token of their account, which is answered when a test says so. */
  async function open(signIn: (ctx: Context) => unknown = () => undefined) {
    const asked: { user?: string; answer: () => void }[] = []
    const work = (data: Data): Promise<void> =>
      new Promise((resolve) => {
        const { user } = data
        const answer = (): void => resolve(void (data.token = `of ${user}`))
        asked.push({ user, answer })
      })
    const token = async (ctx: Context): Promise<void> => {
      const needed = ({ token }: Data): boolean => token === undefined
      ctx.body = { ...(await sessionsOf(ctx).once('token', work, { needed, lease: 60_000 }, ctx)) }
    }
    const { app, visitor, errors } = createSite(
      { ...options(), owner: ({ user }) => user as string | undefined },
      {
        '/al': (ctx) => (ctx.session.user = 'al'),
        '/poll': token,
        '/zoe': async (ctx) => {
          await signIn(ctx)
          await token(ctx)
        },
        '/beside': async (ctx) => {
          const polling = token(ctx)
          while (asked.length === 0) await soon()
          await signIn(ctx)
          asked[0].answer()
          await polling
        },
      },
    )
    await visitor.get('/al')
    const another = (): Visitor => new Visitor(app, visitor.jar.copy())
    const asks = async (count: number): Promise<void> => {
      while (asked.length < count) await soon()
    }
    const dataOf = async (browser: Visitor) => (await browser.get('/')).json<{ session: Data }>().session
    return { visitor, another, asked, asks, dataOf, errors }
  }

  it.each(Object.entries(SIGN_INS))(
    'R121: nothing made for one account is in the session of the next, after %s',
    async (_way, signIn) => {
      const { another, asked, asks, dataOf, errors } = await open(signIn)
      const [al, zoe] = [another(), another()]
      const polling = al.get('/poll')
      await asks(1)
      const signingIn = zoe.get('/zoe')
      await asks(2)
      expect(asked.map(({ user }) => user)).toEqual(['al', 'zoe'])
      for (const { answer } of asked) answer()
      expect((await inTime(signingIn)).json()).toMatchObject({ user: 'zoe', token: 'of zoe' })
      await inTime(polling)
      expect(await dataOf(zoe)).toEqual({ user: 'zoe', token: 'of zoe' })
      expect(errors).toEqual([])
    },
  )

  it.each(Object.entries(SIGN_INS))(
    'R121: nothing made for the next account is in a session of the one before, after %s',
    async (_way, signIn) => {
      const { another, asked, asks, dataOf } = await open(signIn)
      const [al, zoe] = [another(), another()]
      const signingIn = zoe.get('/zoe')
      await asks(1)
      const polling = al.get('/poll')
      await soon()
      for (let next = 0; next < 3; next++) {
        asked[next]?.answer()
        await soon()
      }
      await inTime(Promise.all([signingIn, polling]))
      expect((await dataOf(al)).token).not.toBe('of zoe')
      expect(await dataOf(zoe)).toEqual({ user: 'zoe', token: 'of zoe' })
    },
  )

  it.each(Object.entries(SIGN_INS))(
    'R121: work is dropped, and not done again, whose own request goes on as another account, after %s',
    async (_way, signIn) => {
      const { another, asked, asks, dataOf, errors } = await open(signIn)
      const browser = another()
      const answer = browser.get('/beside')
      await asks(1)
      expect((await inTime(answer)).json()).toEqual({})
      expect(asked.map(({ user }) => user)).toEqual(['al'])
      expect(await dataOf(browser)).toEqual({ user: 'zoe' })
      expect(errors).toEqual([])
    },
  )
})
