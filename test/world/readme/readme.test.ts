import type { Server } from 'node:http'
import { Browser, type HttpAnswer } from '../../promises/errors/server'
import { codeBlocks, fileNameOf, PAGES, readText } from './markdown'
import { closePrograms, run } from './run-block'
import { complaintsOfPiece } from './surroundings'
import { complaints, PROGRAM } from './typescript'

afterEach(closePrograms)

/** The TypeScript of every page, with the files that lie beside each. */
const blocks = PAGES.flatMap((page) => {
  const found = codeBlocks(readText(page)).filter(({ language }) => /^(ts|typescript)$/.test(language))
  const files = found.flatMap((block) => {
    const name = fileNameOf(block)
    return name === undefined ? [] : [[name, block.code] as const]
  })
  return found.map((block) => ({ ...block, title: `${page}: ${block.title}`, neighbours: new Map(files) }))
})
const programs = blocks.filter(({ code }) => code.trim().endsWith('app.listen(3000)'))

/** What the programs are for, by what they have in them. */
const DRIVERS: { name: string; isFor: RegExp; drive: (server: Server) => Promise<void> }[] = [
  {
    name: 'a program on the pages counts views',
    isFor: /\.body = `\$\{ctx\.session\.views\} views`/,
    drive: async (server) => {
      const [one, another] = [new Browser(server), new Browser(server)]
      for (const views of [1, 2, 3]) expect((await one.get()).body).toBe(`${views} views`)
      expect((await another.get()).body).toBe('1 views')
    },
  },
  {
    name: 'R39: a program on the pages counts pages in a hardened session, over HTTPS alone',
    isFor: /\.body = `\$\{ctx\.session\.pages\} pages`/,
    drive: async (server) => {
      const headers = { 'x-forwarded-proto': 'https' }
      const browser = new Browser(server)
      for (const pages of [1, 2]) expect((await browser.get('/', { headers })).body).toBe(`${pages} pages`)
      // Koa reports the error.
      jest.spyOn(console, 'error').mockImplementation(() => undefined)
      expect((await new Browser(server).get('/')).status).toBe(500)
    },
  },
  {
    name: 'R47: a program on the pages signs in, and protects a route',
    isFor: /class AccountController \{\s+constructor[^]*@Post\('\/sign-in'\)/,
    drive: async (server) => {
      const [one, another] = [new Browser(server), new Browser(server)]
      expect((await post(one, '/items', { item: 'tea' })).body).toBe('["tea"]')
      expect((await one.get('/account')).status).toBe(401)
      const planted = one.jar.values.get('koa.sess')
      expect(await post(one, '/sign-in', { name: 'Ada' })).toMatchObject({ status: 200, body: '{"name":"Ada"}' })
      expect(one.jar.values.get('koa.sess')).not.toBe(planted)
      expect((await post(one, '/items', { item: 'milk' })).body).toBe('["tea","milk"]')
      expect((await one.get('/account')).body).toBe('{"name":"Ada","items":["tea","milk"]}')
      expect((await another.get('/account')).status).toBe(401)
      expect((await post(one, '/sign-out', {})).status).toBe(200)
      expect(one.jar.values.size).toBe(0)
      expect((await one.get('/account')).status).toBe(401)
    },
  },
  {
    name: 'R80: a program on the pages keeps a cart with @session',
    isFor: /class Carts /,
    drive: async (server) => {
      // Koa reports the refusal, which is an error of the handler.
      jest.spyOn(console, 'error').mockImplementation(() => undefined)
      const [one, another] = [new Browser(server), new Browser(server)]
      for (const cart of ['["tea"]', '["tea","tea"]']) expect((await one.get()).body).toBe(cart)
      expect((await one.get('/checkout')).body).toBe('somebody buys tea, tea')
      expect((await another.get('/checkout')).status).toBe(401)
    },
  },
  {
    name: 'R80: a program on the pages keeps a cart with an injected property',
    isFor: /@Inject\(\(\) => SessionService\)/,
    drive: async (server) => {
      const [one, another] = [new Browser(server), new Browser(server)]
      await one.get('/cart', { method: 'POST' })
      expect((await one.get('/cart', { method: 'POST' })).body).toBe('["tea","tea"]')
      expect((await one.get('/cart')).body).toBe('["tea","tea"]')
      expect((await another.get('/cart')).body).toBe('[]')
    },
  },
  {
    name: 'a program on the pages counts visits',
    isFor: /\.body = `\$\{session\?\.visits\} visits`/,
    drive: async (server) => {
      const browser = new Browser(server)
      for (const visits of [1, 2, 3]) expect((await browser.get()).body).toBe(`${visits} visits`)
    },
  },
  {
    name: 'R19: a program on the pages keeps a Set of pages',
    isFor: /\$\{ctx\.session\.visits\.size\} pages seen/,
    drive: async (server) => {
      const browser = new Browser(server)
      const answers = []
      for (const path of ['/a', '/b', '/a']) answers.push((await browser.get(path)).body)
      expect(answers).toEqual(['1 pages seen', '2 pages seen', '2 pages seen'])
    },
  },
]

function post(browser: Browser, path: string, body: object): Promise<HttpAnswer> {
  return browser.get(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

describe('the code of the README and the pages of docs', () => {
  it('the programs of the README and the pages of docs are found', () => {
    expect(programs.length).toBeGreaterThanOrEqual(3)
  })

  it.each(blocks)('the code of $title compiles', ({ code, neighbours }) => {
    // What imports nothing is a piece out of a program.
    expect(/^import /m.test(code) ? complaints(code, PROGRAM, neighbours) : complaintsOfPiece(code)).toEqual([])
  })

  it.each(programs)('the program of $title runs', async ({ code }) => {
    // As it comes from a proxy that terminates TLS, which some of them expect.
    const headers = { 'x-forwarded-proto': 'https' }
    const answer = await new Browser(await run(code)).get('/', { headers })
    expect(answer.status).toBeLessThan(500)
  })

  it.each(DRIVERS)('$name', async ({ isFor, drive }) => {
    const found = programs.filter(({ code }) => isFor.test(code))
    expect(found).not.toEqual([])
    for (const { code } of found) await drive(await run(code))
  })
})
