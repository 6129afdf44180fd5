import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readText, ROOT } from './markdown'

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

  it('has a page for each door of the package', () => {
    const { exports } = JSON.parse(readText('package.json')) as { exports: Record<string, unknown> }
    const doors = Object.keys(exports).filter((subpath) => subpath !== './package.json')
    const pages = doors.map((subpath) => (subpath === '.' ? 'koa-session-service.md' : `${subpath.slice(2)}.md`))
    expect(Object.keys(current).sort()).toEqual(['README.md', ...pages].sort())
  })

  it('is what the docstrings say now; otherwise run "npm run docs:api"', () => {
    // Types are checked elsewhere.
    const options = ['--out', folder, '--skipErrorChecking', '--logLevel', 'Error']
    execFileSync(process.execPath, [TYPEDOC, ...options], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] })
    expect(current).toEqual(pagesIn(folder))
  })
})
