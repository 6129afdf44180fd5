import type { Server } from 'node:http'
import { Browser } from '../../promises/errors/server'
import { codeBlocks, readText } from './markdown'
import { closePrograms, run } from './run-block'

afterEach(closePrograms)

const programs = codeBlocks(readText('docs/signed-in.md')).filter(({ language }) => language === 'ts')

/** The program of a section, running. */
async function start(section: string): Promise<Server> {
  const found = programs.filter(({ title }) => title.startsWith(section))
  expect(found).toHaveLength(1)
  return run(found[0].code)
}

const body = async (browser: Browser, path: string): Promise<string> => (await browser.get(path)).body
const status = async (browser: Browser, path: string): Promise<number> => (await browser.get(path)).status

describe('docs/signed-in.md', () => {
  it('R66: the program of docs/signed-in.md signs out everywhere else', async () => {
    const server = await start('Sign out everywhere else')
    const [one, other] = [new Browser(server), new Browser(server)]
    await one.get('/sign-in')
    await other.get('/sign-in')
    expect(await body(one, '/')).toBe('{"others":1}')
    await one.get('/sign-out-elsewhere')
    expect([await body(one, '/'), await body(other, '/')]).toEqual(['{"others":0}', '{"others":0}'])
    await other.get('/sign-in')
    expect(await body(one, '/')).toBe('{"others":1}')
  })

  it('R69: the program of docs/signed-in.md asks for the password before it deletes', async () => {
    const browser = new Browser(await start('Confirm your password'))
    await browser.get('/sign-in')
    expect(await status(browser, '/delete')).toBe(403)
    await browser.get('/confirm?password=coffee')
    expect(await status(browser, '/delete')).toBe(403)
    await browser.get('/confirm?password=tea')
    expect(await body(browser, '/delete')).toBe('deleted')
  })

  it('R68: the program of docs/signed-in.md keeps three devices of an account', async () => {
    const server = await start('At most three devices')
    const log = jest.spyOn(console, 'log').mockReturnValue()
    const browsers = [1, 2, 3, 4].map(() => new Browser(server))
    for (const browser of browsers) await browser.get('/sign-in')
    await new Promise(setImmediate)
    expect(log).toHaveBeenCalledWith('ended', 'alice', 'limit')
    const lists = await Promise.all(browsers.map(async (browser) => JSON.parse(await body(browser, '/')) as object[]))
    expect(lists.map(({ length }) => length)).toEqual([0, 3, 3, 3])
    log.mockRestore()
  })

  it('R70: the program of docs/signed-in.md remembers a visitor who wants it', async () => {
    const server = await start('Remember me')
    const headers = { 'x-forwarded-proto': 'https' }
    const lines = async (path: string): Promise<string> =>
      (await new Browser(server).get(path, { headers })).setCookie.filter((line) => !line.includes('.sig=')).join()
    expect(await lines('/sign-in?remember=yes')).toMatch(/expires=/)
    expect(await lines('/sign-in')).not.toMatch(/expires=/)
  })

  it('R71: the program of docs/signed-in.md shows a message once, and takes the state of one callback', async () => {
    const browser = new Browser(await start('Messages that are shown once'))
    await browser.get('/save')
    expect([await body(browser, '/'), await body(browser, '/')]).toEqual(['{"flash":"Saved."}', '{"flash":""}'])
    const state = await body(browser, '/oauth')
    expect(await status(browser, `/callback?state=${state}`)).toBe(200)
    expect(await status(browser, `/callback?state=${state}`)).toBe(403)
  })

  it('R107: the program of docs/signed-in.md ends all sessions of an account that rest in cookies', async () => {
    const server = await start('Without a store')
    const [one, other] = [new Browser(server), new Browser(server)]
    await one.get('/sign-in')
    await other.get('/sign-in')
    expect(await body(other, '/')).toBe('{"user":"alice"}')
    await one.get('/sign-out-everywhere')
    expect(await body(other, '/')).toBe('{"user":""}')
  })
})
