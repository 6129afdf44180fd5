import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readSourceFiles, type SourceFile } from './source-files'

/** The optional packages that a subpath needs, for code or for types. */
const OPTIONAL: Record<string, string[]> = {
  'routing-controllers.ts': ['routing-controllers'],
  'typedi.ts': ['typedi'],
  'kysely.ts': ['kysely'],
}

/** What a test runner hands out to the tests that it runs. */
const OF_RUNNERS = ['@jest/globals']

const files = readSourceFiles()
/** What users import: each of them has an ES module that hands it on. */
const subpaths = files.filter(({ path }) => path.endsWith('.mts')).map(({ path }) => path.replace('.mts', '.ts'))
const { dependencies, peerDependencies } = JSON.parse(
  readFileSync(join(__dirname, '../../../package.json'), 'utf8'),
) as {
  dependencies: Record<string, string>
  peerDependencies: Record<string, string>
}

test.each(subpaths)('the door %s needs the optional packages that it is for, and no other', (path) => {
  const names = reachedFrom(path).flatMap((file) => packagesOf(file).map(({ name }) => name))
  const optional = Array.from(new Set(names)).filter((name) => name !== 'koa' && name in peerDependencies)
  expect(optional).toEqual(OPTIONAL[path] ?? [])
})

test('every package that a source imports is a dependency, a peer or a part of Node, and koa is there for its types alone', () => {
  const isKnown = ({ name, isTypeOnly }: PackageImport): boolean =>
    name === 'koa'
      ? isTypeOnly
      : name.startsWith('node:') ||
        [dependencies, peerDependencies].some((all) => name in all) ||
        OF_RUNNERS.includes(name)
  expect(files.flatMap(packagesOf).filter((found) => !isKnown(found))).toEqual([])
})

test('every dependency of package.json is used by a source', () => {
  const used = files.flatMap(packagesOf).map(({ name }) => name)
  expect(Object.keys(dependencies).filter((name) => !used.includes(name))).toEqual([])
})

interface PackageImport {
  path: string
  name: string
  isTypeOnly: boolean
}

function packagesOf({ path, imports }: SourceFile): PackageImport[] {
  const found = imports.filter(({ isRelative }) => !isRelative)
  return found.map(({ target, isTypeOnly }) => ({ path, name: target, isTypeOnly }))
}

/** A file, and all that it imports, directly or not. */
function reachedFrom(path: string, reached = new Set<string>()): SourceFile[] {
  reached.add(path)
  for (const { target, isRelative } of files.find((file) => file.path === path)?.imports ?? []) {
    if (isRelative && !reached.has(target)) reachedFrom(target, reached)
  }
  return files.filter((file) => reached.has(file.path))
}
