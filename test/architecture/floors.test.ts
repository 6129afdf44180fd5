import { importsOf, readSourceFiles, type SourceFile } from './source-files'

/** What lives on each floor: a file by its path, or all other files of a folder. */
const FLOORS: readonly string[][] = [
  ['errors.ts', 'record.ts', 'debug.ts', 'warning.ts', 'id.ts', 'sealing.ts', 'turns.ts', 'context-slot.ts'],
  ['contracts/', 'cookies/', 'record-text.ts', 'store-guard.ts', 'attempts.ts'],
  ['stores/', 'codecs/', 'transports/', 'backends/', 'conformance.ts'],
  [
    ...[
      'session.ts',
      'snapshot.ts',
      'options.ts',
      'cookie-options.ts',
      'option-checks.ts',
      'name-checks.ts',
      'hardened.ts',
    ],
    ...['events.ts', 'config.ts', 'keep-cookies.ts', 'merge.ts'],
  ],
  [
    'session-request.ts',
    'session-id.ts',
    'find-session.ts',
    'held-token.ts',
    'departure.ts',
    'resting-record.ts',
    'record-writer.ts',
    'committer.ts',
    'life-cycle.ts',
    'serve.ts',
  ],
  ['service.ts'],
  ['middleware.ts', 'routing-controllers.ts', 'typedi.ts', 'testing.ts', 'redis.ts', 'kysely.ts'],
  ['index.ts'],
]
/** The floors whose files may use each other, as long as that closes no circle. */
const SHARED_FLOORS = [1, 3, 4]
/** A plug of several files, which may use each other: a folder among the stores. */
const PLUG = /^stores\/[^/]+\//

const files = readSourceFiles()
const modules = files.filter(({ path }) => path.endsWith('.ts'))
/** What users import: each is a CommonJS module, and an ES module that hands it on. */
const wrappers = files.filter(({ path }) => path.endsWith('.mts'))

test('DESIGN 4: every source file has exactly one floor', () => {
  expect(modules.filter(({ path }) => floorsOf(path).length !== 1).map(({ path }) => path)).toEqual([])
})

test('DESIGN 4: a file imports from floors below, and from its own where that floor is shared', () => {
  expect(modules.flatMap(importsFromAbove)).toEqual([])
})

test.each([
  ['errors.ts', "import './service'", 'service.ts'],
  ['session.ts', "type Cycle = import('./life-cycle').LifeCycle", 'life-cycle.ts'],
  ['codecs/sealed-codec.ts', "export * from '../stores/memory-store'", 'stores/memory-store.ts'],
  ['stores/redis/redis-store.ts', "import '../kysely/kysely-table'", 'stores/kysely/kysely-table.ts'],
  ['typedi.ts', "import type { Session } from './routing-controllers'", 'routing-controllers.ts'],
  ['record.ts', "const load = () => require('./index')", 'index.ts'],
])('DESIGN 4: in %s, %s would be found', (path, text, target) => {
  expect(importsFromAbove(fileWith(path, text))).toEqual([`${path}: ${target}`])
})

test('DESIGN 4: no file is longer than 250 lines', () => {
  expect(files.filter(({ lines }) => lines > 250).map(({ path, lines }) => `${path}: ${lines}`)).toEqual([])
})

test('DESIGN 4: there is no import circle', () => {
  expect(circleIn(files)).toBeUndefined()
})

test('DESIGN 4: an import circle is seen, also one of types', () => {
  const circle = [
    fileWith('session.ts', "import type { SessionOptions } from './options'"),
    fileWith('options.ts', "export * from './snapshot'"),
    fileWith('snapshot.ts', "const load = () => import('./session')"),
  ]
  expect(circleIn(circle)).toEqual(['session.ts', 'options.ts', 'snapshot.ts', 'session.ts'])
})

test('DESIGN 6: an ES module hands on the module of its own name, and imports nothing else', () => {
  const targets = wrappers.map(({ path, imports }) => [path, ...new Set(imports.map(({ target }) => target))])
  expect(targets).toEqual(wrappers.map(({ path }) => [path, path.replace('.mts', '.ts')]))
})

function floorsOf(path: string): number[] {
  const floorsWith = (place: string): number[] =>
    FLOORS.flatMap((places, floor) => (places.includes(place) ? [floor] : []))
  const own = floorsWith(path)
  return own.length > 0 ? own : floorsWith(path.slice(0, path.indexOf('/') + 1))
}

function importsFromAbove({ path, imports }: SourceFile): string[] {
  const targets = imports.filter(({ isRelative }) => isRelative).map(({ target }) => target)
  return targets.filter((target) => !mayImport(path, target)).map((target) => `${path}: ${target}`)
}

function mayImport(path: string, target: string): boolean {
  const [floor, targetFloor] = [Math.max(...floorsOf(path)), Math.max(...floorsOf(target))]
  if (targetFloor !== floor) return targetFloor < floor
  const plug = PLUG.exec(path)?.[0]
  return SHARED_FLOORS.includes(floor) || (plug !== undefined && target.startsWith(plug))
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
