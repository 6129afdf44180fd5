import 'reflect-metadata'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const SOURCE = join(__dirname, '../../../src')
const texts = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => readFileSync(join(SOURCE, path), 'utf8'))
const doors = readdirSync(SOURCE)
  .filter((name) => name.endsWith('.mts') && name !== 'index.mts')
  .map((name) => name.replace('.mts', ''))

/** The docstring in front of where a name is declared. */
function docstringOf(name: string): string | undefined {
  const declared = new RegExp(
    `(/\\*\\*(?:(?!\\*/)[^])*\\*/)\\nexport (?:async function|function|class|const) ${name}\\b`,
  )
  return texts.map((text) => declared.exec(text)?.[1]).find((found) => found !== undefined)
}

test.each(doors)('each name that the door %s exports says in its docstring where it comes from', (door) => {
  const names = Object.keys(jest.requireActual<object>(join(SOURCE, door)))
  expect(names.length).toBeGreaterThan(0)
  const silent = names.filter((name) => docstringOf(name)?.includes(`\`koa-session-service/${door}\``) !== true)
  expect(silent).toEqual([])
})
