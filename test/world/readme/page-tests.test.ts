import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runNodeTests } from '../../support/node-tests'
import { codeBlocks, fileNameOf, PAGES, readText } from './markdown'
import { isWanted } from '../../support/backends/require-server'

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)

/** The blocks of a page that are files, by their names. */
function filesOf(page: string): Map<string, string> {
  const named = codeBlocks(readText(page)).map((block) => [fileNameOf(block), block.code] as const)
  return new Map(named.filter((file): file is [string, string] => file[0] !== undefined))
}

const tests = PAGES.flatMap((page) => {
  const names = Array.from(filesOf(page).keys()).filter((name) => name.endsWith('.test.ts'))
  return names.map((name) => ({ page, name }))
}).filter(({ name }) => name !== 'playwright.test.ts' || isWanted('Chromium', CHROMIUM !== undefined))

const folder = mkdtempSync(join(tmpdir(), 'koa-session-service-pages-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs a test of a page, and returns what it reports. */
async function runTest(page: string, name: string): Promise<string> {
  for (const [path, code] of filesOf(page)) writeFileSync(join(folder, path), code)
  return runNodeTests(join(folder, name), { CHROMIUM })
}

test('R81: the tests on the pages are found', () => {
  expect(tests.length).toBeGreaterThanOrEqual(4)
})

test.each(tests)('R81: the test $name of $page passes', async ({ page, name }) => {
  const report = await runTest(page, name)
  expect(report).toMatch(/^# pass [1-9]/m)
  expect(report).toMatch(/^# fail 0$/m)
})
