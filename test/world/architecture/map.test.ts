import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { SRC } from './source-files'

const ROOT = join(SRC, '..')
const map = readFileSync(join(SRC, 'README.md'), 'utf8')

/** The paths of `src`, or of the whole project, that a text names. */
function pathsIn(text: string): string[] {
  return Array.from(text.matchAll(/`([\w./-]+(?:\/|\.m?ts|\.md|\.json))`/g), ([, path]) => path)
}

function isThere(path: string): boolean {
  return existsSync(join(SRC, path)) || existsSync(join(ROOT, path))
}

test('every file and folder that src/README.md names is there', () => {
  expect(pathsIn(map).filter((path) => !isThere(path))).toEqual([])
  expect(pathsIn('`request/nowhere.ts` and `session/`').filter((path) => !isThere(path))).toEqual([
    'request/nowhere.ts',
  ])
})

test('every folder of src is on a floor of src/README.md', () => {
  const folders = readdirSync(SRC).filter((name) => statSync(join(SRC, name)).isDirectory())
  const floors = Array.from(map.matchAll(/^\| +\d+ \|(.*?)\|/gm), ([, row]) => pathsIn(row)).flat()
  expect(floors.filter((path) => path.endsWith('/')).sort()).toEqual(folders.map((name) => `${name}/`).sort())
})

test('each name is declared in the file where src/README.md says that it is decided', () => {
  const places = Array.from(map.matchAll(/`(\w+)` (?:in|of)\s+`([\w./-]+\.ts)`/g), ([, name, path]) => [name, path])
  expect(places.length).toBeGreaterThan(13)
  const isDeclared = ([name, path]: string[]): boolean =>
    new RegExp(`(?:function\\*?|class|interface|const) ${name}\\b|^  ${name}[<(]`, 'm').test(
      readFileSync(join(SRC, path), 'utf8'),
    )
  expect(places.filter((place) => !isDeclared(place))).toEqual([])
  expect(isDeclared(['decideLateWrite', 'session/token.ts'])).toBe(false)
})
