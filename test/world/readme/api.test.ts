import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readText, ROOT } from './markdown'
import { exportsOf } from './typescript'

const TYPEDOC = join(ROOT, 'node_modules/typedoc/bin/typedoc')

const folder = mkdtempSync(join(tmpdir(), 'koa-session-service-api-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The pages of a folder, by their names. */
function pagesIn(path: string): Record<string, string> {
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'))
  return Object.fromEntries(names.sort().map((name) => [name, readFileSync(join(path, name), 'utf8')]))
}

describe('docs/api', () => {
  const current = pagesIn(join(ROOT, 'docs/api'))

  const { exports } = JSON.parse(readText('package.json')) as { exports: Record<string, unknown> }
  const doors = Object.keys(exports)
    .filter((subpath) => subpath !== './package.json')
    .map((subpath) => subpath.replace('.', 'koa-session-service'))

  it.each(doors)('docs/api has every name of %s in its index, with a link to its page', (door) => {
    const sections = current['README.md'].split('\n## ').filter((section) => section.includes(`\`${door}\`: `))
    const listed = sections.flatMap((section) => Array.from(section.matchAll(/\[`(\w+)/g), ([, name]) => name))
    const names = [...exportsOf(door).keys()].filter((name) => name !== 'export=')
    expect(listed).toEqual(expect.arrayContaining(names))
  })

  it('docs/api has no page that is too long to be read, and none that the index does not name', () => {
    const pages = Object.keys(current)
    expect(pages.filter((page) => current[page].split('\n').length > 700)).toEqual([])
    expect(pages.filter((page) => page !== 'README.md' && !current['README.md'].includes(`](${page})`))).toEqual([])
  })

  it('docs/api is what the docstrings say now; otherwise run "npm run docs:api"', () => {
    const options = ['--out', folder, '--logLevel', 'Error']
    execFileSync(process.execPath, [TYPEDOC, ...options], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] })
    expect(current).toEqual(pagesIn(folder))
  })
})
