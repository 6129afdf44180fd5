import type { SignedInSession } from 'koa-session-service'
import { CookieJar, type Visitor } from '../../support/app/app'
import { describeOnEachStore } from '../../support/backends/conditional-backends'
import { dataOf, newOwner, OwnedApp } from '../../support/owners/owned-app'

const device = ({ header }: { header: Record<string, unknown> }) => ({ agent: header['user-agent'] })

async function listOf(visitor: Visitor, owner = ''): Promise<SignedInSession[]> {
  return (await visitor.get(`/list/${owner}`)).json()
}

async function signedOut(visitor: Visitor): Promise<boolean> {
  return (await dataOf(visitor)).user === undefined
}

describeOnEachStore('the sessions of an owner', (getStore) => {
  let site: OwnedApp
  let alice: string
  let phone: Visitor
  let laptop: Visitor

  beforeEach(async () => {
    site = new OwnedApp({ store: getStore(), device: device, processes: 2 })
    alice = newOwner()
    phone = site.visitor()
    await phone.get(`/as/${alice}`, { 'user-agent': 'phone' })
    laptop = site.visitor(1)
    await laptop.get(`/as/${alice}`, { 'user-agent': 'laptop' })
    await site.signedIn(newOwner('bob'))
  })

  it('R66: the list of an owner’s sessions has each with its device and times, and marks the one that asks', async () => {
    const found = await listOf(phone)
    expect(found.map((each) => each.device).sort()).toEqual([{ agent: 'laptop' }, { agent: 'phone' }])
    expect(found.filter(({ current }) => current).map((each) => each.device)).toEqual([{ agent: 'phone' }])
    for (const { createdAt = 0, lastSeenAt = 0, expiresAt = 0 } of found) {
      expect(Math.abs(Date.now() - createdAt)).toBeLessThan(60_000)
      expect(lastSeenAt).toBeGreaterThanOrEqual(createdAt)
      expect(expiresAt).toBeGreaterThan(lastSeenAt)
    }
  })

  it('R66: without a request, an owner has the same list, and nothing in it is current', async () => {
    const inside = await listOf(phone)
    const outside = await site.services[1].list({ owner: alice })
    expect(outside.map(({ handle }) => handle).sort()).toEqual(inside.map(({ handle }) => handle).sort())
    expect(outside.some(({ current }) => current)).toBe(false)
    expect(await site.services[0].list({ owner: newOwner('nobody') })).toEqual([])
    await expect(site.services[0].list()).rejects.toMatchObject({ code: 'ERR_SESSION_NO_REQUEST' })
  })

  it('R66: a visitor who is not signed in has no sessions to list, and ends none', async () => {
    const stranger = site.visitor()
    expect(await listOf(stranger)).toEqual([])
    expect((await stranger.get('/revokeall')).json()).toEqual({ count: 0 })
    expect(await listOf(phone)).toHaveLength(2)
  })

  it('R66: a handle opens nothing, whatever it is presented as', async () => {
    for (const { handle } of await listOf(phone)) {
      for (const value of [handle, `${handle}~${'A'.repeat(32)}`]) {
        const jar = new CookieJar()
        jar.values.set('koa.sess', value)
        expect(await dataOf(site.visitor(0, jar))).toEqual({})
      }
    }
  })

  it('R66: revoke() ends the session of its handle, and no other', async () => {
    const [other] = (await listOf(phone)).filter(({ current }) => !current)
    expect((await phone.get(`/revoke/${other.handle}`)).json()).toEqual({ revoked: true })
    expect([await signedOut(phone), await signedOut(laptop)]).toEqual([false, true])
    expect(await listOf(phone)).toHaveLength(1)
    expect((await phone.get(`/revoke/${other.handle}`)).json()).toEqual({ revoked: false })
  })

  it('R66: revoke() ends a session without a request too', async () => {
    const [{ handle }] = (await listOf(phone)).filter(({ current }) => current)
    expect(await site.services[1].revoke(handle, { owner: alice })).toBe(true)
    expect([await signedOut(phone), await signedOut(laptop)]).toEqual([true, false])
  })

  it('R66: an unknown handle, a forged one and one of another owner answer alike: false, and nothing ends', async () => {
    const mallory = await site.signedIn(newOwner('mallory'))
    const [{ handle }] = await listOf(phone)
    const wrong = [handle, 'x'.repeat(43), `${handle.slice(0, -1)}${handle.endsWith('A') ? 'B' : 'A'}`, '__proto__']
    const answers = await Promise.all(wrong.map(async (each) => (await mallory.get(`/revoke/${each}`)).body))
    expect(new Set(answers)).toEqual(new Set(['{"revoked":false}']))
    expect(await listOf(phone)).toHaveLength(2)
    expect(await listOf(mallory)).toHaveLength(1)
  })

  it('R66: a request that ends its own session clears its cookie', async () => {
    const [{ handle }] = (await listOf(phone)).filter(({ current }) => current)
    const answer = await phone.get(`/revoke/${handle}`)
    expect(answer.json()).toEqual({ revoked: true })
    expect(phone.jar.values.size).toBe(0)
    expect(await signedOut(laptop)).toBe(false)
  })

  it("R66: revokeAll() ends all sessions of an owner, its own with its cookie, and nobody else's", async () => {
    const bob = await site.signedIn(newOwner('bob'))
    expect((await phone.get('/revokeall')).json()).toEqual({ count: 2 })
    expect(phone.jar.values.size).toBe(0)
    expect([await signedOut(laptop), await signedOut(bob)]).toEqual([true, false])
    expect(await site.services[0].list({ owner: alice })).toEqual([])
  })

  it('R66: revokeAll() leaves the current session, or the one with a handle', async () => {
    const third = await site.signedIn(alice)
    expect((await phone.get('/revokeall?except=current')).json()).toEqual({ count: 2 })
    expect([await signedOut(phone), await signedOut(laptop), await signedOut(third)]).toEqual([false, true, true])
    const fourth = await site.signedIn(alice, 1)
    const [kept] = (await listOf(fourth)).filter(({ current }) => current)
    expect(await site.services[0].revokeAll({ owner: alice, except: kept.handle })).toBe(1)
    expect([await signedOut(phone), await signedOut(fourth)]).toEqual([true, false])
  })

  it('R66: an administrator ends the sessions of somebody else, and keeps their own', async () => {
    const admin = await site.signedIn(newOwner('admin'))
    expect((await admin.get(`/revokeall/${alice}`)).json()).toEqual({ count: 2 })
    expect([await signedOut(phone), await signedOut(laptop), await signedOut(admin)]).toEqual([true, true, false])
  })

  it('R66: a list, the events and the errors hold nothing that opens a session, and no id', async () => {
    const tokens = [phone, laptop].map(({ jar }) => jar.values.get('koa.sess') as string)
    const ids = tokens.map((token) => token.replace(/~[\w-]{32}$/, ''))
    const listed = JSON.stringify(await listOf(phone))
    await phone.get('/revokeall')
    const told = (await site.eventsOf('signedIn', 'revoked')).map(({ detail: { ctx: _, ...rest } }) => rest)
    const secrets = [...tokens, ...ids, ...tokens.map((token) => token.slice(-32))]
    for (const secret of secrets) expect(listed + JSON.stringify(told)).not.toContain(secret)
    expect(told.length).toBeGreaterThanOrEqual(4)
  })

  it('R66: the events of an owner tell a sign-in with its device, and what was ended why', async () => {
    const handles = Object.fromEntries(
      (await listOf(phone)).map((each) => [(each.device as { agent: string }).agent, each.handle]),
    )
    await phone.get(`/revoke/${handles.laptop}`)
    await phone.get('/revokeall')
    const told = (await site.eventsOf('signedIn', 'revoked')).filter(({ detail }) => detail.owner === alice)
    expect(told.map(({ name, detail: { handle, device, reason } }) => [name, handle, device ?? reason])).toEqual([
      ['signedIn', handles.phone, { agent: 'phone' }],
      ['signedIn', handles.laptop, { agent: 'laptop' }],
      ['revoked', handles.laptop, 'one'],
      ['revoked', handles.phone, 'all'],
    ])
  })

  it('R66: a visitor who resets a password ends all sessions and signs in, in one request and in either order', async () => {
    const verbs = {
      after: async (ctx: never, sessions: OwnedApp['services'][0], user: string) => {
        await sessions.revokeAll({ owner: user }, ctx)
        ;(ctx as { session: { user: string } }).session.user = user
      },
      before: async (ctx: never, sessions: OwnedApp['services'][0], user: string) => {
        ;(ctx as { session: { user: string } }).session.user = user
        await sessions.revokeAll({ owner: user, except: 'current' }, ctx)
      },
    }
    const reset = new OwnedApp({ store: getStore(), verbs: verbs as never })
    for (const path of ['after', 'before']) {
      for (const visitor of [reset.visitor(), await reset.signedIn(newOwner('bob'))]) {
        const old = await reset.signedIn(alice)
        await visitor.get(`/${path}/${alice}`)
        expect((await dataOf(visitor)).user).toBe(alice)
        expect(await signedOut(old)).toBe(true)
        expect(await reset.services[0].list({ owner: alice })).toHaveLength(1)
      }
    }
  })

  it('R66: a visitor who signs in and ends all sessions without exception in one request is signed out', async () => {
    const verbs = {
      both: async (ctx: never, sessions: OwnedApp['services'][0], user: string) => {
        ;(ctx as { session: { user: string } }).session.user = user
        await sessions.revokeAll({ owner: user }, ctx)
      },
    }
    const visitor = new OwnedApp({ store: getStore(), verbs: verbs as never }).visitor()
    expect((await visitor.get(`/both/${alice}`)).status).toBe(200)
    expect(await signedOut(visitor)).toBe(true)
    expect(await site.services[0].list({ owner: alice })).toEqual([])
  })
})
