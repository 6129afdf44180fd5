import { type SessionOptions } from 'koa-session-service'
import { backendsWith } from '../../support/backends/backends'
import { idOf, RacingApp, readData, tokenOf, type RacingAppOptions } from '../../support/races/racing-app'
import { createSite } from '../../support/app/site'
import { spyOn } from '../../support/spies/spy-on'

const CONDITIONAL = backendsWith({ isConditional: true })
const owner: SessionOptions['owner'] = ({ user }) => user as string | undefined
const WRITES = ['create', 'replace', 'touch', 'set', 'destroy']
const FORMS: [string, SessionOptions][] = [
  ['ids alone', {}],
  ['secrets', { hashTokens: true }],
  ['owners', { owner }],
]

const VERBS: RacingAppOptions['verbs'] = {
  /** Tells before and after a rotation what the client holds, and the key of the record. */
  watched: async (ctx, sessions) => {
    const before = [sessions.id(ctx), ctx.session.externalKey]
    await sessions.regenerate({}, ctx)
    ctx.set('x-seen', JSON.stringify([before, [sessions.id(ctx), ctx.session.externalKey]]))
  },
}

async function open(options: SessionOptions, more: SessionOptions) {
  const { options: recorded, names } = spyOn({ ...options, ...more })
  const { racing, visitor } = await RacingApp.open({ ...(recorded as RacingAppOptions), verbs: VERBS })
  const writes = async (work: () => Promise<unknown>) => {
    const first = names.length
    await work()
    return names.slice(first).filter((name) => WRITES.includes(name))
  }
  return { racing, ann: visitor, writes }
}

describe.each(CONDITIONAL)('one key: $name', ({ options }) => {
  describe.each(FORMS)('%s', (_form, more) => {
    it('R53: a rotation is one write of the one record, which keeps its key', async () => {
      const { racing, ann, writes } = await open(options(), more)
      const [id, token] = [idOf(ann), tokenOf(ann)]
      expect(await writes(() => ann.get('/regenerate'))).toEqual(['replace'])
      expect(idOf(ann)).toBe(id)
      expect(tokenOf(ann)).not.toBe(token)
      expect(await racing.records()).toHaveLength(1)
      expect(await readData(ann)).toEqual({ secret: 'secret' })
    })

    it('R53: sessions.id() stays through a rotation, and externalKey is what the client holds', async () => {
      const { ann } = await open(options(), more)
      const before = [idOf(ann), tokenOf(ann)]
      const { headers } = await ann.get('/watched')
      expect(JSON.parse(headers['x-seen'] as string)).toEqual([before, [before[0], tokenOf(ann)]])
    })

    it('R53: an earlier token reads nothing and writes nothing, before and after newer ones', async () => {
      const { racing, ann } = await open(options(), more)
      const earlier = [racing.another(ann)]
      for (let rotation = 0; rotation < 3; rotation++) {
        await ann.get('/regenerate')
        earlier.push(racing.another(ann))
      }
      earlier.pop()
      for (const thief of earlier) {
        expect(await readData(thief)).toEqual({})
        for (const path of ['/set/planted', '/touch', '/save', '/remember']) await racing.another(thief).get(path)
      }
      expect(await readData(ann)).toEqual({ secret: 'secret' })
      expect(await racing.secrets()).toHaveLength(1)
    })
  })

  it('R53: a request in flight, from before a sign-in, writes nothing into the session', async () => {
    const { racing, ann } = await open(options(), { owner })
    const slow = await racing.start(racing.another(ann), '/set/planted')
    await ann.get('/user/ann')
    const { status, setCookie } = await slow.finish()
    expect({ status, setCookie }).toEqual({ status: 200, setCookie: [] })
    expect(await readData(ann)).toEqual({ secret: 'secret', user: 'ann' })
  })

  it.each(['ann', 'bea'])(
    'R55: one session is left to the browser of two sign-ins at once (ann and %s)',
    async (other) => {
      const { racing, ann } = await open(options(), { owner })
      const first = await racing.start(ann, '/user/ann')
      const second = await racing.start(ann, `/user/${other}`)
      const answers = [await first.finish(), await second.finish()]
      expect(answers.map(({ status }) => status)).toEqual([200, 200])
      // The one of the same owner merges; another one is a session of its own, without what was there before.
      const expected = other === 'ann' ? { secret: 'secret', user: 'ann' } : { user: 'bea' }
      expect(await readData(ann)).toEqual(expected)
      expect(await racing.secrets()).toHaveLength(1)
    },
  )

  it('R55: two sign-ins at once by regenerate() end in one session with its cart', async () => {
    const { racing, ann } = await open(options(), { owner })
    const [first, second] = [await racing.start(ann, '/login/ann'), await racing.start(ann, '/login/ann')]
    const answers = await Promise.all([first.finish(), second.finish()])
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect(await readData(ann)).toEqual({ secret: 'secret', user: 'ann' })
    expect(await racing.records()).toHaveLength(1)
  })
})

describe.each(CONDITIONAL)('after the headers: $name', ({ options }) => {
  it.each(FORMS)(
    'R53: regenerate() after the headers is ERR_SESSION_HEADERS_SENT and changes nothing (%s)',
    async (_form, more) => {
      const { options: recorded, names } = spyOn({ ...options(), ...more })
      const codes: unknown[] = []
      const { visitor } = createSite(recorded, {
        '/set': (ctx) => Object.assign(ctx.session, { cart: 'tea' }),
        '/sent': async (ctx) => {
          ctx.status = 200
          ctx.res.flushHeaders()
          await ctx.session.regenerate().catch(({ code }: { code: string }) => codes.push(code))
        },
      })
      await visitor.get('/set')
      const first = names.length
      await visitor.get('/sent')
      expect(codes).toEqual(['ERR_SESSION_HEADERS_SENT'])
      expect(names.slice(first)).toEqual(['read'])
      expect((await visitor.get('/')).json()).toEqual({ session: { cart: 'tea' } })
    },
  )
})

describe.each(backendsWith({ hasIds: true }))('after the headers: $name', ({ options }) => {
  /** A site where a request changes the session's account once its headers are out. */
  function sentSite(way: string, seed: object) {
    return createSite(
      { ...options(), owner },
      {
        '/set': (ctx) => Object.assign(ctx.session, seed),
        '/sent': async (ctx) => {
          ctx.status = 200
          ctx.res.flushHeaders()
          ctx.session.user = 'ann'
          if (way === 'save()') await ctx.session.save().catch(() => undefined)
        },
      },
    )
  }

  it.each(['autoCommit', 'save()'])(
    'R53, D21: a change of owner after the headers ends the session, and says so once (%s)',
    async (way) => {
      const site = sentSite(way, { user: 'bea' })
      await site.visitor.get('/set')
      expect((await site.visitor.get('/sent')).setCookie).toEqual([])
      expect((await site.eventNames()).filter((name) => name !== 'signedIn')).toEqual(['ended', 'gone'])
      expect(site.errors).toEqual([])
      expect((await site.visitor.get('/')).json()).toEqual({ session: {} })
    },
  )

  it.each(['autoCommit', 'save()'])(
    "R86: a sign-in after the headers is refused, and nobody's session is as it was (%s)",
    async (way) => {
      const site = sentSite(way, { cart: 'tea' })
      await site.visitor.get('/set')
      await site.visitor.get('/sent')
      expect((await site.eventNames()).filter((name) => name !== 'headersSent')).toEqual(['error'])
      expect((await site.visitor.get('/')).json()).toEqual({ session: { cart: 'tea' } })
    },
  )
})
