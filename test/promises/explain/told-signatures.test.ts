import { MemoryStore, type SessionOptions } from 'koa-session-service'
import { explained } from './explained-site'

describe.each<[string, SessionOptions]>([
  ['a cookie', {}],
  ['a store', { store: new MemoryStore() }],
])('with %s', (_name, options) => {
  it('R120: explain() tells of a signature that the response clears alone, as it was found bad', async () => {
    const site = explained(options)
    await site.get('/in')
    site.app.keys = ['of another app']
    expect(await site.get()).toMatchObject({
      why: 'bad-signature',
      told: [{ cookie: 'koa.sess.sig', does: 'clear', fingerprint: 'none', attributes: expect.any(Array) }],
    })
    expect(site.jar.values.has('koa.sess.sig')).toBe(false)
    expect(await site.get()).toMatchObject({ why: 'unsigned', told: [] })
  })

  it.each([
    ['/in', 'set'],
    ['/out', 'clear'],
  ])('R120: explain() tells of no signature beside its cookie, at %s', async (path, does) => {
    const site = explained(options)
    await site.get('/in')
    site.app.keys = ['of another app', ...(path === '/out' ? (site.app.keys as string[]) : [])]
    expect((await site.get(path)).told).toMatchObject([{ cookie: 'koa.sess', does }])
  })
})
