import { MemoryStore } from 'koa-session-service'
import { startClock } from '../../support/clock'
import { EVERY, isIn, MINUTE, RotatingSite, tokenOf } from '../../support/owners/rotating-site'
import { storedOwner } from '../../support/owners/owned-app'

afterEach(startClock)

/** What a process has written and handed out in 2030: it is read as it is from then on. */
const SINCE = Date.parse('2030-01-01T00:00:00.000Z') - MINUTE
const ID = '9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d'
const CURRENT = `${ID}~c1Y5ZQ0d8QmRrZ2J0bXlkYWFhc2VjcmV0c2VjcmV0c2VjcmVAAAB`
const NEXT = `${ID}~c1Y5ZQ0d8QmRrZ2J0bXlkYWFub3RoZXJzZWNyZXRhbm90aGVAAAC`
const REPLACED = `${ID}~c1Y5ZQ0d8QmRrZ2J0bXlkYWFmaXJzdHNlY3JldGZpcnN0c2VAAAA`

test('R106: R119: a record with successors, and its tokens, are read as they were written', async () => {
  const store = new MemoryStore()
  const site = new RotatingSite({ store, signed: false })
  store.create(ID, RECORD as never, EVERY * 100, { rolling: false, ctx: {} as never, owner: storedOwner('ann') })
  const at = (token: string): Promise<boolean> => isIn(site.visitor(), { cookie: `koa.sess=${token}` })
  expect([await at(CURRENT), await at(NEXT), await at(CURRENT)]).toEqual([true, true, true])
  expect(await site.replays()).toEqual([])
  site.clock.advance(2 * MINUTE)
  expect([await at(REPLACED), await at(NEXT)]).toEqual([false, false])
  expect(await site.replays()).toMatchObject([{ detail: { owner: 'ann', isEnded: true } }])
})

test('R118: no event, hook, list or session has what a record says of its tokens', async () => {
  const seen: unknown[] = []
  const site = new RotatingSite({
    onReplay: 'report',
    valid: (_ctx, record) => seen.push(record) > 0,
    beforeSave: (_ctx, session) => void seen.push(session.toJSON()),
    verbs: { all: (ctx, sessions) => sessions.list({}, ctx) },
  })
  const browser = await site.browser({ user: 'ann' })
  const thief = site.thiefOf(browser)
  for (const app of site.apps) app.on('session:missed', (detail: object) => seen.push({ ...detail, ctx: undefined }))
  seen.push((await browser.get('/read')).body, (await browser.get('/all')).body)
  site.clock.advance(2 * MINUTE)
  seen.push((await thief.get('/read')).body)
  const [{ detail }] = await site.replays()
  seen.push(
    { ...detail, ctx: undefined },
    (await site.store.listByOwner(storedOwner('ann'))).map((found) => found.record),
  )
  const record = await site.recordOf(tokenOf(browser))
  const [family] = record?._turn ?? []
  const text = JSON.stringify(seen)
  expect(seen.length).toBeGreaterThan(6)
  expect(text).toContain('ann')
  for (const secret of ['_turn', family, record?._secret, tokenOf(browser).slice(-52)])
    expect(text).not.toContain(secret)
})

const RECORD = {
  user: 'ann',
  _expire: SINCE + EVERY * 100,
  _maxAge: 86_400_000,
  _secret: 'ue4xUg2TLi_d5K8ekGljHQrWJ4ZjkJu-IkZlg0I05c4',
  _owned: [SINCE, SINCE],
  _confirmed: [SINCE],
  _seen: SINCE,
  _turn: [
    'Cld5deDz8kzZXEM9H4zficKmcCc1WoiM2vLwUZUecZQ',
    2,
    SINCE,
    SINCE + 1,
    [['c_G4V3fRYDuwpVa7HAxBm4Jhc3-xJcg0ERjdLoCtlzk']],
    [],
    [],
  ],
}
