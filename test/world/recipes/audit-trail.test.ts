import { createApp } from '../../../example/recipes/audit-trail'
import { Visitor } from '../../support/app/app'
import { nextTurn } from '../../support/app/site'

interface Line {
  what: string
  account: string
  session: string
  detail: string | null
}

describe('example/recipes/audit-trail.ts', () => {
  it('R112: the audit trail has a line for each sign-in and each end, with the session that both mean', async () => {
    const { app, ready } = createApp()
    await ready
    const visitors = Array.from({ length: 5 }, () => new Visitor(app))
    const read = async (): Promise<Line[]> => {
      await nextTurn()
      return (await new Visitor(app).get('/audit')).json()
    }
    // The fourth sign-in of ann ends the first one.
    for (const visitor of visitors.slice(0, 4)) await visitor.get('/sign-in?user=ann')
    await visitors[4].get('/sign-in?user=bob')
    await visitors[1].get('/sign-out')
    await visitors[4].get('/sign-in?user=cid')
    await visitors[3].get('/sign-out-everywhere')
    const lines = await read()
    expect(lines.map(({ what, account }) => `${account} ${what}`)).toEqual([
      ...Array.from({ length: 3 }, () => 'ann signed in'),
      'ann ended: limit',
      'ann signed in',
      'bob signed in',
      'ann ended: logout',
      'bob ended: hands',
      'cid signed in',
      'ann ended: all',
      'ann ended: all',
    ])
    const signIns = lines.filter(({ what }) => what === 'signed in')
    expect(signIns.map(({ detail }) => detail)).toEqual(signIns.map(() => '127.0.0.1'))
    for (const { account, session, what } of lines) {
      if (what !== 'signed in') expect(signIns).toContainEqual(expect.objectContaining({ account, session }))
    }
  })
})
