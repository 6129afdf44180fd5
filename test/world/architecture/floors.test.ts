import { importsOf, readSourceFiles, type SourceFile } from './source-files'

/** The folders of `src`, and the verbs, floor by floor; above them stand the other files of `src` itself. An inner folder's row wins. */
const FLOORS: readonly string[][] = [
  ['base'],
  ['session'],
  ['contracts'],
  ['ends', 'rotation'],
  ['codecs', 'cookies', 'buses', 'stores', 'conformance'],
  ['transports', 'backends'],
  ['options/checks'],
  ['options/values'],
  ['options'],
  ['config'],
  ['watch'],
  ['request/scope'],
  ['request/open'],
  ['request/commit'],
  ['request/outside', 'request/tell'],
  ['request/session'],
  ['request/tracing'],
  ['request', 'device'],
  ['service'],
  // The verbs: what the files of `src` itself have in common.
  ['service.ts'],
  ['handlers', 'testing-helpers'],
]
/** The main door: a table of contents, which names whatever users can have. */
const CONTENTS = 'index.ts'

const files = readSourceFiles()
const modules = files.filter(({ path }) => path.endsWith('.ts'))
/** What users import: each is a CommonJS module, and an ES module that hands it on. */
const wrappers = files.filter(({ path }) => path.endsWith('.mts'))

test('every folder of src has exactly one floor', () => {
  const folders = modules.map(({ path }) => folderOf(path)).filter((folder) => folder !== undefined)
  const isFolder = (name: string): boolean => !name.endsWith('.ts')
  expect(Array.from(new Set(folders)).sort()).toEqual(FLOORS.flat().filter(isFolder).sort())
})

test('every source imports from floors below its own and from its own folder alone', () => {
  expect(modules.flatMap(importsFromAbove)).toEqual([])
})

test.each([
  ['base/errors.ts', "import '../service'", 'service.ts'],
  ['session/session.ts', "import '../contracts/store'", 'contracts/store.ts'],
  ['codecs/sealed-codec.ts', "export * from '../stores/memory/memory-store'", 'stores/memory/memory-store.ts'],
  ['stores/redis/redis-store.ts', "import '../kysely/kysely-table'", 'stores/kysely/kysely-table.ts'],
  ['service.ts', "type Middleware = import('./middleware').SessionMiddleware", 'middleware.ts'],
  ['request/serve.ts', "import { SessionService } from '../service'", 'service.ts'],
  ['request/commit/commit.ts', "import { Client } from '../tell/client'", 'request/tell/client.ts'],
  ['request/tell/client.ts', "import '../outside/signal'", 'request/outside/signal.ts'],
  ['request/session/known.ts', "import { serve } from '../serve'", 'request/serve.ts'],
  ['service.ts', "import { guard } from './handlers/guard'", 'handlers/guard.ts'],
  ['handlers/guard.ts', "import { session } from '../decorators'", 'decorators.ts'],
  ['typedi.ts', "import type { Session } from './routing-controllers'", 'routing-controllers.ts'],
  ['session/record.ts', "const load = () => require('../index')", 'index.ts'],
])('an import from above is found: in %s, %s', (path, text, target) => {
  expect(importsFromAbove(fileWith(path, text))).toEqual([`${path}: ${target}`])
})

test('no source is longer than 250 lines', () => {
  expect(files.filter(({ lines }) => lines > 250).map(({ path, lines }) => `${path}: ${lines}`)).toEqual([])
})

test('no imports of the sources go round in a circle', () => {
  expect(circleIn(files)).toBeUndefined()
})

test('a circle of imports is found, also one of types', () => {
  const circle = [
    fileWith('session/session.ts', "import type { SessionOptions } from '../options/options'"),
    fileWith('options/options.ts', "export * from '../session/snapshot'"),
    fileWith('session/snapshot.ts', "const load = () => import('./session')"),
  ]
  expect(circleIn(circle)).toEqual([
    'session/session.ts',
    'options/options.ts',
    'session/snapshot.ts',
    'session/session.ts',
  ])
})

test('each ES module of src hands on the module of its own name, and imports nothing else', () => {
  const targets = wrappers.map(({ path, imports }) => [path, ...new Set(imports.map(({ target }) => target))])
  expect(targets).toEqual(wrappers.map(({ path }) => [path, path.replace('.mts', '.ts')]))
})

/** The folder that has a floor of its own; undefined for a file of `src` itself. */
function folderOf(path: string): string | undefined {
  if (!path.includes('/')) return undefined
  const inner = path.slice(0, path.lastIndexOf('/'))
  return FLOORS.flat().includes(inner) ? inner : path.slice(0, path.indexOf('/'))
}

function floorOf(path: string): number {
  const floor = FLOORS.findIndex((names) => names.includes(folderOf(path) ?? path))
  return floor < 0 ? FLOORS.length : floor
}

function importsFromAbove({ path, imports }: SourceFile): string[] {
  const targets = imports.filter(({ isRelative }) => isRelative).map(({ target }) => target)
  return targets.filter((target) => !mayImport(path, target)).map((target) => `${path}: ${target}`)
}

function mayImport(path: string, target: string): boolean {
  if (floorOf(target) !== floorOf(path)) return floorOf(target) < floorOf(path)
  if (folderOf(path) !== undefined) return folderOf(path) === folderOf(target) && !isOtherPlug(path, target)
  return path === CONTENTS
}

/** A folder within a folder is one plug: it uses its own files and those that all plugs share. */
function isOtherPlug(path: string, target: string): boolean {
  const plugOf = (file: string): string => file.slice(0, file.lastIndexOf('/'))
  return plugOf(target).includes('/') && plugOf(target) !== plugOf(path)
}

function fileWith(path: string, text: string): SourceFile {
  const paths = modules.map((file) => file.path)
  return { path, lines: 1, imports: importsOf(path, text, paths) }
}

/** The files along a circle, if there is one; type imports count. */
function circleIn(all: SourceFile[]): string[] | undefined {
  const finished = new Set<string>()
  const follow = (path: string, trail: string[]): string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path]
    if (finished.has(path)) return undefined
    for (const { target, isRelative } of all.find((file) => file.path === path)?.imports ?? []) {
      const circle = isRelative ? follow(target, [...trail, path]) : undefined
      if (circle) return circle
    }
    finished.add(path)
    return undefined
  }
  for (const { path } of all) {
    const circle = follow(path, [])
    if (circle) return circle
  }
  return undefined
}
