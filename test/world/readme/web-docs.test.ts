import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Browser } from '../../promises/errors/server'
import { codeBlocks, readText, ROOT, tableRows } from './markdown'
import { closePrograms, run } from './run-block'

afterEach(() => {
  closePrograms()
  jest.restoreAllMocks()
})

const PAGES = ['cross-site', 'sign-out', 'tracing']
/** Every requirement of the chapter, by its sections. */
const REQUIREMENTS = Object.entries({ 1: 3, 2: 4, 3: 2, 4: 5, 5: 3, 6: 2 }).flatMap(([section, count]) =>
  Array.from({ length: count }, (_, index) => `7.${section}.${index + 1}`),
)
const OWN = "the application's own"

const asvs = readText('docs/asvs.md')
const rows = tableRows(asvs, '#')

/** The files that a text names. */
function filesIn(text: string): string[] {
  return Array.from(text.matchAll(/`(test\/[^`]+)`/g), ([, path]) => path)
}

describe('docs/asvs.md', () => {
  it('docs/asvs.md has a line for every requirement of the chapter, in order', () => {
    expect(rows.map(([number]) => number)).toEqual(REQUIREMENTS)
    expect(rows.filter((cells) => cells.length !== 5 || cells.includes(''))).toEqual([])
  })

  it.each(rows)(
    'line %s of docs/asvs.md names tests that there are, or is the application’s own',
    (_number, _level, _gist, met, tested) => {
      const files = filesIn(tested)
      expect(files.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
      if (files.length === 0)
        expect([tested, met]).toEqual([OWN, expect.stringMatching(/application's own|sessions\.|dbsc/)])
    },
  )

  it('the other lines of docs/asvs.md name tests that there are', () => {
    expect(filesIn(asvs).length).toBeGreaterThan(20)
    expect(filesIn(asvs).filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  })
})

describe('docs/security.md', () => {
  it('docs/security.md names the test of each place where a logout is a logout', () => {
    const files = filesIn(readText('docs/security.md'))
    expect(files).toHaveLength(7)
    expect(files.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  })
})

const DRIVERS: Record<string, (browser: Browser) => Promise<void>> = {
  'cross-site': async (browser) => {
    const headers = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
    expect((await browser.get('/', { method: 'POST', headers })).status).toBe(403)
    expect((await browser.get('/saml/acs', { method: 'POST', headers })).status).toBe(200)
    expect((await browser.get('/')).status).toBe(200)
  },
  'sign-out': async (browser) => {
    const headers = { 'x-forwarded-proto': 'https' }
    expect((await browser.get('/logout', { method: 'POST', headers })).status).toBe(200)
  },
  tracing: async (browser) => {
    expect((await browser.get('/')).body).toBe('{}')
  },
}

it.each(PAGES)('R74, R75, R76: the programs of docs/%s.md run', async (page) => {
  const blocks = codeBlocks(readText(`docs/${page}.md`)).filter(({ language }) => language === 'ts')
  expect(blocks.length).toBeGreaterThan(0)
  for (const { code } of blocks) {
    // Koa prints the errors of an app that has no listener.
    const server = await run(code)
    jest.spyOn(console, 'error').mockImplementation()
    await DRIVERS[page](new Browser(server))
  }
})
