import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startClock, stopClock } from '../../support/clock'
import { Browser } from '../../promises/errors/server'
import { readText, tableRows } from '../readme/markdown'
import { closePrograms, run } from '../readme/run-block'
import { debug, printed } from './lines'
import { TEN } from './set-ups'

jest.mock('../../../src/base/debug', () => ({ debug: jest.requireActual<{ debug: typeof debug }>('./lines').debug }))

const page = readText('docs/troubleshooting.md')
const source = readFileSync(join(__dirname, '../../../src/session/explanation-words.ts'), 'utf8')

/** The words of a union in the source. */
function wordsOf(name: string): string[] {
  const [, union] = new RegExp(`export type ${name} =\\n((?: {2}\\| '[\\w-]+'\\n)+)`).exec(source) ?? []
  return Array.from(union.matchAll(/'([\w-]+)'/g), ([, word]) => word)
}

afterEach(() => {
  startClock()
  closePrograms()
})

describe('docs/troubleshooting.md', () => {
  it.each([
    ['what became of a cookie', 'CookieFate', 'word', 0],
    ['what was written', 'WrittenBecause', 'word', 1],
    ['a hint', 'SessionHint', 'hint', 0],
  ])(
    'R120: docs/troubleshooting.md has every word for %s in its table, and no other',
    (_what, union, heading, place) => {
      const sections = page.split('\n### ').filter((text) => text.includes(`\n| ${heading} `))
      const listed = tableRows(sections[place], heading).map(([word]) => word.replaceAll('`', ''))
      expect(listed.length).toBeGreaterThan(10)
      expect(listed).toEqual(wordsOf(union))
    },
  )

  it.each([
    ['welcome back', 14],
    ['you were away too long', 16],
  ])(
    'R120: the page of docs/troubleshooting.md says %s to a visitor whose browser keeps its cookie %i minutes',
    async (says, minutes) => {
      const clock = stopClock()
      const block = Array.from(page.matchAll(/```ts\n([^]*?)```/g), ([, code]) => code).find((code) =>
        code.includes('sessions.explain(ctx)'),
      )
      // The page itself signs nobody in.
      const code = block?.replace(
        '  const isKnown',
        "  if (ctx.path === '/in') ctx.session.user = 'ann'\n  const isKnown",
      )
      const browser = new Browser(await run(`${code}\napp.listen(3000)`))
      expect((await browser.get()).body).toBe('please sign in (no-cookie)')
      await browser.get('/in')
      clock.advance(minutes * 60_000)
      expect((await browser.get()).body).toBe(says)
    },
  )

  it('R120: docs/troubleshooting.md begins with the line, as it is printed', async () => {
    expect(page.split('\n## ')[1]).toMatch(/^Read the line\n/)
    const [, example] = /^KOA-SESSION-SERVICE \d+: (.*)$/m.exec(page) ?? []
    printed.length = 0
    const { run } = TEN.find(({ hint }) => hint === 'other-keys') as (typeof TEN)[number]
    stopClock('2030-01-01T00:00:00Z')
    await run({ advance: () => undefined })
    await new Promise((resolve) => setTimeout(resolve, 20))
    const alike = (line: string): string => line.replace(/#[\w-]{8}/g, '#…').replace(/^GET \S+/, 'GET …')
    expect(alike(example)).toBe(alike(printed.at(-1) as string))
  })
})
