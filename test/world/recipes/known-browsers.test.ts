import { Visitor } from '../../support/app/app'
import { createApp } from '../../../example/recipes/known-browsers'

async function open() {
  const mails: string[] = []
  const { app, db } = await createApp((owner) => void mails.push(owner))
  const browser = (): Visitor => new Visitor(app)
  const signIn = async (visitor: Visitor, user = 'ada'): Promise<number> => {
    const before = mails.length
    expect((await visitor.get(`/sign-in?user=${user}`)).json()).toEqual({ user })
    return mails.length - before
  }
  const rows = () => db.selectFrom('browser').selectAll().execute()
  return { app, mails, browser, signIn, rows, stop: () => db.destroy() }
}

let site: Awaited<ReturnType<typeof open>>
beforeEach(async () => (site = await open()))
afterEach(() => site.stop())

test('R66: five sign-ins of one browser write one mail, and a second browser writes another', async () => {
  const [phone, laptop] = [site.browser(), site.browser()]
  for (const mails of [1, 0, 0, 0, 0]) {
    expect(await site.signIn(phone)).toBe(mails)
    await phone.get('/sign-out')
  }
  expect(await site.signIn(laptop)).toBe(1)
  expect(await site.signIn(phone)).toBe(0)
})

test('R66: two accounts that share a browser are written to once each', async () => {
  const shared = site.browser()
  const mails: number[] = []
  for (const user of ['ada', 'ben', 'ada', 'ben']) mails.push(await site.signIn(shared, user))
  expect(mails).toEqual([1, 1, 0, 0])
})

test('R66: a visitor who never signs in gets no cookie, and nothing is noted', async () => {
  const { setCookie } = await site.browser().get('/')
  expect(setCookie).toEqual([])
  expect(await site.rows()).toEqual([])
})

test('R66: a new password forgets the browsers of the account, and of no other one', async () => {
  const [phone, laptop] = [site.browser(), site.browser()]
  await site.signIn(phone)
  await site.signIn(laptop, 'ben')
  await phone.get('/new-password')
  expect((await phone.get('/')).json()).toEqual({})
  expect([await site.signIn(phone), await site.signIn(laptop, 'ben')]).toEqual([1, 0])
})

test('R66: the database has no cookie of a browser', async () => {
  const phone = site.browser()
  await site.signIn(phone)
  expect(JSON.stringify(await site.rows())).not.toContain(phone.jar.values.get('browser'))
})

test('R66: a form that a known browser sends twice, or whose answer is lost, writes no mail', async () => {
  const phone = site.browser()
  await site.signIn(phone)
  const copies = [0, 1, 2, 3].map(() => new Visitor(site.app, phone.jar.copy()))
  await Promise.all(copies.map((copy) => copy.get('/sign-in?user=ada')))
  expect(site.mails).toEqual(['ada'])
  expect(await site.signIn(phone)).toBe(0)
  expect(await site.rows()).toHaveLength(1)
})

test('R66: a form that a new browser sends twice writes one mail, where it has a session already', async () => {
  const shared = site.browser()
  await site.signIn(shared, 'ben')
  const copies = [0, 1, 2, 3].map(() => new Visitor(site.app, shared.jar.copy()))
  await Promise.all(copies.map((copy) => copy.get('/sign-in?user=ada')))
  expect(site.mails).toEqual(['ben', 'ada'])
  expect(await site.rows()).toHaveLength(2)
})

test('R66: a form that a new browser sends twice before it has a session writes a mail for each', async () => {
  const copies = [0, 1].map(() => site.browser())
  await Promise.all(copies.map((copy) => copy.get('/sign-in?user=ada')))
  expect(site.mails).toEqual(['ada', 'ada'])
})

test('R66: a visitor has no account whose browsers a new password could forget', async () => {
  const phone = site.browser()
  await site.signIn(phone, 'nobody')
  await site.browser().get('/new-password')
  expect(await site.signIn(phone, 'nobody')).toBe(0)
})

test('R66: a cookie that is planted before a sign-in is worth nothing to who planted it', async () => {
  const [thief, victim] = [site.browser(), site.browser()]
  await site.signIn(thief, 'eve')
  for (const name of ['browser', 'browser.sig']) victim.jar.values.set(name, thief.jar.values.get(name) as string)
  expect(await site.signIn(victim)).toBe(1)
  expect(await site.signIn(thief)).toBe(1)
})

test('R66: an account is remembered on its twenty newest browsers', async () => {
  const browsers = Array.from({ length: 25 }, () => site.browser())
  for (const browser of browsers) {
    await site.signIn(browser)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  expect(await site.rows()).toHaveLength(20)
  expect([await site.signIn(browsers[24]), await site.signIn(browsers[0])]).toEqual([0, 1])
})
