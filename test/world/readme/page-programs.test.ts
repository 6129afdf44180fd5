import type { Server } from 'node:http'
import { SESSION_EVENTS } from 'koa-session-service'
import { Browser } from '../../promises/errors/server'
import { startClock, stopClock } from '../../support/clock'
import { codeBlocks, markdownIn, names, readText, tableRows } from './markdown'
import { closePrograms, run } from './run-block'

afterEach(() => {
  closePrograms()
  jest.restoreAllMocks()
})

/** The program of a page that stands under this heading, running. */
async function start(page: string, heading: string): Promise<Server> {
  const blocks = codeBlocks(readText(`docs/${page}.md`))
  const [program] = blocks.filter(({ title, code }) => title.startsWith(heading) && code.endsWith('listen(3000)\n'))
  return run(program.code)
}

const HTTPS = { 'x-forwarded-proto': 'https' }

describe('docs/README.md', () => {
  it('docs/README.md is the index, and names every page once', () => {
    const links = Array.from(readText('docs/README.md').matchAll(/^- \[[^\]]+\]\(([^)]+)\)/gm), ([, link]) => link)
    const pages = markdownIn('docs').map((path) => path.replace('docs/', ''))
    const listed = pages.filter((page) => page === 'api/README.md' || !page.includes('/'))
    expect(links.sort()).toEqual(listed.filter((page) => page !== 'README.md').sort())
  })
})

describe('docs/once.md', () => {
  it('R121: the program of docs/once.md refreshes a token once for parallel requests, and not again while it is good', async () => {
    const browser = new Browser(await start('once', 'Work that is done once'))
    expect((await browser.get('/')).body).toBe('nobody')
    await browser.get('/sign-in')
    for (let round = 0; round < 2; round++) {
      const answers = await Promise.all(Array.from({ length: 9 }, () => browser.get('/')))
      expect(answers.map(({ body }) => body)).toEqual(answers.map(() => 'token 1'))
    }
  })
})

describe('docs/events.md', () => {
  it('docs/events.md has a row for every event, in order', () => {
    const rows = tableRows(readText('docs/events.md'), 'event')
    expect(rows.flatMap(([cell]) => names(cell))).toEqual(SESSION_EVENTS)
    expect(rows.filter((cells) => cells.length !== 4 || cells.includes(''))).toEqual([])
  })

  it('the program of docs/events.md tells who signs in, and who was signed out', async () => {
    const told: string[] = []
    jest.spyOn(console, 'log').mockImplementation((line: string) => void told.push(line))
    const server = await start('events', 'Events')
    jest.spyOn(console, 'log').mockImplementation((line: string) => void told.push(line))
    const browser = new Browser(server)
    await browser.get('/sign-in')
    await browser.get('/sign-out-everywhere')
    await new Promise(setImmediate)
    expect(told).toEqual([expect.stringMatching(/^ada signed in from .*: session [\w-]{8}$/), told[1]])
    expect(told[1]).toBe('a session of ada was ended: all')
  })
})

describe('docs/ends.md', () => {
  const user = async (browser: Browser): Promise<string> => (await browser.get('/')).body

  it('R107: R108: the program of docs/ends.md ends a copy of a cookie, an organisation, and everybody but the visitor who asks', async () => {
    const server = await start('ends', 'Ending sessions')
    const [one, other] = [new Browser(server), new Browser(server)]
    await one.get('/sign-in')
    const copy = new Browser(server, one.jar.copy())
    expect(await user(copy)).toBe('{"user":"alice"}')
    await one.get('/sign-out')
    expect(await user(copy)).toBe('{"user":""}')
    await one.get('/sign-in')
    await other.get('/close-organisation')
    expect(await user(one)).toBe('{"user":""}')
    await one.get('/sign-in')
    await other.get('/sign-in')
    await other.get('/maintenance')
    expect([await user(one), await user(other)]).toEqual(['{"user":""}', '{"user":"alice"}'])
  })
})

describe('docs/rotation.md', () => {
  it('R115: the program of docs/rotation.md mails the owner once a copy of the cookie has come back', async () => {
    const told: string[] = []
    const server = await start('rotation', 'Mail the owner')
    jest.spyOn(console, 'log').mockImplementation((line: string) => void told.push(line))
    const clock = stopClock()
    const owner = new Browser(server)
    for (const path of ['/sign-in', '/']) await owner.get(path, { headers: { 'user-agent': 'Firefox' } })
    const thief = new Browser(server, owner.jar.copy())
    clock.advance(10 * 60_000)
    for (const path of ['/', '/']) await owner.get(path)
    clock.advance(2 * 60_000)
    expect((await thief.get('/')).body).toBe('{"user":""}')
    expect((await owner.get('/')).body).toBe('{"user":""}')
    startClock()
    await new Promise(setImmediate)
    expect(told).toEqual([expect.stringMatching(/^to ada: Your session was ended: .* Change your password\.$/)])
  })
})

describe('docs/origins.md', () => {
  const page = { ...HTTPS, origin: 'https://app.example', 'sec-fetch-site': 'cross-site' }

  it('R74: a page of the origin that docs/origins.md names reads and writes its session, and is told of errors', async () => {
    const browser = new Browser(await start('origins', 'A page on another origin'))
    const allowed = {
      'access-control-allow-origin': 'https://app.example',
      'access-control-allow-credentials': 'true',
    }
    expect(await browser.get('/', { method: 'OPTIONS', headers: page })).toMatchObject({
      status: 204,
      headers: allowed,
    })
    const { headers, setCookie } = await browser.get('/', { method: 'POST', headers: page })
    expect(headers).toMatchObject(allowed)
    expect(setCookie[0]).toMatch(/; samesite=none; secure/)
    expect((await browser.get('/', { headers: page })).body).toBe('{"views":1}')
    const plain = { origin: 'https://app.example', 'sec-fetch-site': 'cross-site' }
    jest.spyOn(console, 'error').mockImplementation(() => undefined)
    expect(await new Browser(browser.server).get('/', { method: 'POST', headers: plain })).toMatchObject({
      status: 500,
      headers: allowed,
    })
  })

  it('R74: a page of an origin that docs/origins.md does not name is refused', async () => {
    const browser = new Browser(await start('origins', 'A page on another origin'))
    jest.spyOn(console, 'error').mockImplementation(() => undefined)
    const headers = { ...page, origin: 'https://evil.example' }
    const answer = await browser.get('/', { method: 'POST', headers })
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([403, undefined])
  })

  it('R39: the cookie of docs/origins.md for all subdomains has the domain, and a name that goes with it', async () => {
    const browser = new Browser(await start('origins', 'One session for all subdomains'))
    expect((await browser.get('/', { headers: HTTPS })).body).toBe('{"isNew":true}')
  })

  it('R34: the header of docs/origins.md carries the token, which changes with the sign-in', async () => {
    const browser = new Browser(await start('origins', 'A header in place of a cookie'))
    const { headers, setCookie } = await browser.get('/sign-in')
    expect(setCookie).toEqual([])
    const authorization = `Bearer ${String(headers['x-session-token'])}`
    expect((await browser.get('/', { headers: { authorization } })).body).toBe('{"user":"ada"}')
    expect((await browser.get('/')).body).toBe('{}')
    const left = await browser.get('/sign-out', { headers: { authorization } })
    expect(left.headers['x-session-token']).toBe('')
    expect((await browser.get('/', { headers: { authorization } })).body).toBe('{}')
  })
})

describe('docs/processes.md', () => {
  it('the program of docs/processes.md counts the visitors who are online', async () => {
    const server = await start('processes', 'How many are online')
    const [one, other] = [new Browser(server), new Browser(server)]
    expect((await one.get('/')).body).toBe('{"online":0}')
    for (const browser of [one, one, other, other, one]) await browser.get('/hello')
    expect((await one.get('/')).body).toBe('{"online":2}')
  })
})

describe('docs/contexts.md', () => {
  it('R9, R10: two mutations at once both count in the program of docs/contexts.md', async () => {
    const browser = new Browser(await start('contexts', 'The session in GraphQL'))
    expect((await browser.get('/sign-in')).body).toBe('{"me":"ada","items":[]}')
    const { items } = JSON.parse((await browser.get('/add')).body) as { items: string[] }
    expect(items.sort()).toEqual(['milk', 'tea'])
  })
})
