import { join, posix } from 'node:path'
import { Consumer } from './consumer'
import { PackedProject, ROOT, WORKSHOP } from './packed'

jest.setTimeout(120_000)

const STRICT = {
  target: 'es2022',
  lib: ['es2023'],
  strict: true,
  isolatedModules: true,
  esModuleInterop: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  types: ['node'],
}

/** What a visitor sees: the token from before the sign-in opens nothing, nor does the one from before the sign-out. */
const SEEN = [
  '1 views of nobody',
  '2 views of nobody',
  '3 views of ann',
  '1 views of nobody',
  '4 views of ann',
  'bye',
  '1 views of nobody',
]

const packed = new PackedProject()
const dependencies = itself(Object.keys(packed.manifest.dependencies))
const forControllers = itself(['koa', 'routing-controllers', 'typedi', 'reflect-metadata'])
const forTypeScript = { ...dependencies, ...forControllers, ...itself(['@types/koa', '@types/node']) }

describe('the tarball', () => {
  const compiled = packed.files.filter((path) => /^dist\/[\w/-]+(\.d\.m?ts|\.[cm]?js)$/.test(path))
  const maps = packed.files.filter((path) => path.endsWith('.map'))
  const sources = packed.files.filter((path) => path.startsWith('src/'))
  const papers = packed.files.filter((path) => ![compiled, maps, sources].some((paths) => paths.includes(path)))

  test('R52: the tarball holds what is compiled, with its maps and sources, and the papers', () => {
    expect(papers).toEqual(expect.arrayContaining(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']))
    const expected = [
      /^(docs|docs\/api|test\/bench)\/[\w-]+\.(md|svg|png)$/,
      /^example\/recipes\/[\w-]+\.m?ts$/,
      /^test\/README\.md$/,
      /^[\w.]+$/,
    ]
    expect(papers.filter((path) => !expected.some((form) => form.test(path)))).toEqual([])
    expect(sources.filter((path) => !/\.(ts|mts|md)$/.test(path))).toEqual([])
  })

  test('R52: what the README and the pages of docs link to is in the tarball', () => {
    const missing = papers
      .filter((path) => path.endsWith('.md') && !path.startsWith('test/bench/'))
      .flatMap((path) => packed.missingLinksOf(path).map((target) => `${path}: ${target}`))
    expect(missing).toEqual([])
  })

  test('R52: every target of package.json is in the tarball', () => {
    expect(packed.targets).toEqual(expect.arrayContaining(['dist/index.js', 'dist/index.mjs', 'dist/index.d.ts']))
    expect(packed.targets.filter((path) => !packed.files.includes(path))).toEqual([])
  })

  test('R52: every file that a compiled file imports is in the tarball', () => {
    expect(compiled.flatMap((path) => packed.missingImportsOf(path))).toEqual([])
  })

  test('R52: every source that a map names is in the tarball, and what has a map names it', () => {
    const named = maps.flatMap((path) => {
      const { sources: own } = JSON.parse(packed.read(path)) as { sources: (string | null)[] }
      return own.flatMap((source) => (source === null ? [] : posix.join(posix.dirname(path), source)))
    })
    expect(named).toEqual(expect.arrayContaining(['src/service.ts', 'src/request/serve.ts', 'src/index.ts']))
    expect(named.filter((path) => !packed.files.includes(path))).toEqual([])
    expect(maps.filter((path) => !packed.read(path.replace(/\.map$/, '')).includes('sourceMappingURL='))).toEqual([])
  })

  test('R52: no file of the tarball mentions a folder of the machine that it was built on', () => {
    const traces = [ROOT, WORKSHOP]
    const texts = [...compiled, ...maps]
    expect(texts.filter((path) => traces.some((trace) => packed.read(path).includes(trace)))).toEqual([])
  })
})

describe('its import', () => {
  const consumer = new Consumer('import', 'commonjs', packed, {
    ...dependencies,
    ...itself(['koa', 'koa-session']),
  })
  const ROUNDS = 15

  /** The time of the processor that an import takes after koa's, in microseconds: the load of the machine counts less in it. */
  function importTime(name: string): number {
    const code = `require('koa')
      const before = process.cpuUsage()
      require('${name}')
      const { user, system } = process.cpuUsage(before)
      print(user + system)`
    return consumer.evaluate('commonjs', code) as number
  }

  test('R52: an import of the package takes no more time than one of koa-session, after koa', () => {
    const own: number[] = []
    const other: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      own.push(importTime('koa-session-service'))
      other.push(importTime('koa-session'))
    }
    const median = (times: number[]): number => times.sort((a, b) => a - b)[ROUNDS >> 1] ?? NaN
    expect(median(own) / median(other)).toBeLessThan(1)
  })
})

describe.each(['koa', 'koa2'])('a project with %s alone', (koa) => {
  const packages = { ...dependencies, koa }
  const consumers = {
    commonjs: new Consumer(`commonjs-${koa}`, 'commonjs', packed, packages),
    module: new Consumer(`module-${koa}`, 'module', packed, packages),
  }

  test.each([
    ['commonjs', 'app.cjs'],
    ['module', 'app.mjs'],
  ] as const)(`R52: a %s app on ${koa} keeps its session, signs in and signs out`, async (type, app) => {
    const consumer = consumers[type]
    consumer.copy(join(__dirname, 'apps', app), app)
    expect(await consumer.visit(app)).toEqual(SEEN)
  })

  test(`R52: require() gives createSession() beside ${koa}, with the exports on it`, () => {
    const code = `const session = require('koa-session-service')
      const { default: same, createSession: named, SessionService, MemoryStore } = session
      print([typeof session, session === same, session === named, SessionService.name, new MemoryStore().size])`
    expect(consumers.commonjs.evaluate('commonjs', code)).toEqual(['function', true, true, 'SessionService', 0])
  })

  test(`R52: import gives createSession() as the default beside ${koa}, and the exports by name`, () => {
    const code = `import session, { createSession as named, SessionService } from 'koa-session-service'
      print([typeof session, session === named, SessionService.name])`
    expect(consumers.module.evaluate('module', code)).toEqual(['function', true, 'SessionService'])
  })

  test(`R52: the subpath of a package that is not installed says so beside ${koa}`, () => {
    const complaint = "Cannot find module 'typedi'"
    const { commonjs, module } = consumers
    expect(() => commonjs.evaluate('commonjs', "require('koa-session-service/typedi')")).toThrow(complaint)
    expect(() => module.evaluate('module', "import 'koa-session-service/typedi'")).toThrow(complaint)
  })
})

describe('a project with everything', () => {
  const consumer = new Consumer('everything', 'commonjs', packed, { ...dependencies, ...forControllers })

  test('R52: import and require give one copy of everything, on every subpath', () => {
    const code = `import { createRequire } from 'node:module'
      const require = createRequire(import.meta.url)
      const differences = []
      for (const path of ${JSON.stringify(packed.subpaths)}) {
        const required = require(path)
        const { default: main, ...imported } = await import(path)
        if (main && main !== required) differences.push(path)
        for (const name of new Set([...Object.keys(required), ...Object.keys(imported)])) {
          if (name !== 'default' && required[name] !== imported[name]) differences.push(path + ' ' + name)
        }
      }
      print(differences)`
    expect(consumer.evaluate('module', code)).toEqual([])
  })

  test('R52: classes have the names that they are exported by, for errors, logs and traces', () => {
    const code = `const names = []
      for (const path of ${JSON.stringify(packed.subpaths)}) {
        for (const [name, value] of Object.entries(require(path))) {
          if (/^class\\b/.test(value) && value.name !== name) names.push(path + ': ' + value.name)
        }
      }
      print(names)`
    expect(consumer.evaluate('commonjs', code)).toEqual([])
  })

  test('R52: package.json can be required and imported', () => {
    const required = `print(require('koa-session-service/package.json').name)`
    const imported = `import manifest from 'koa-session-service/package.json' with { type: 'json' }; print(manifest.name)`
    expect(consumer.evaluate('commonjs', required)).toBe('koa-session-service')
    expect(consumer.evaluate('module', imported)).toBe('koa-session-service')
  })

  test('R92: the main door loads neither koa nor an optional package', () => {
    const code = `require('koa-session-service')
      print(Object.keys(require.cache).map((path) => path.split('node_modules').at(-1).slice(1)))`
    const loaded = consumer.evaluate('commonjs', code) as string[]
    const peers = Object.keys(packed.manifest.peerDependencies)
    expect(loaded).toContain('koa-session-service/dist/index.js')
    expect(loaded.filter((path) => peers.some((name) => path.startsWith(`${name}/`)))).toEqual([])
  })
})

describe('a TypeScript project', () => {
  const consumers = {
    commonjs: new Consumer('typescript-commonjs', 'commonjs', packed, forTypeScript),
    module: new Consumer('typescript-module', 'module', packed, forTypeScript),
  }
  for (const consumer of Object.values(consumers)) {
    consumer.copy(join(__dirname, 'apps/app.ts'), 'app.ts')
    consumer.copy(join(ROOT, 'test/world/types/fixtures'), 'fixtures')
  }

  test.each([
    ['typescript54', 'commonjs', 'node16', 'node16'],
    ['typescript', 'commonjs', 'node16', 'node16'],
    ['typescript', 'commonjs', 'commonjs', 'node10'],
    ['typescript', 'module', 'nodenext', 'nodenext'],
    ['typescript6', 'commonjs', 'node16', 'node16'],
    ['typescript7', 'commonjs', 'node16', 'node16'],
    ['typescript7', 'commonjs', 'nodenext', 'nodenext'],
    ['typescript7', 'commonjs', 'commonjs', 'bundler'],
    ['typescript7', 'module', 'node16', 'node16'],
    ['typescript7', 'module', 'nodenext', 'nodenext'],
    ['typescript7', 'module', 'esnext', 'bundler'],
  ] as const)(
    'R52: %s compiles a %s app with module %s and resolution %s',
    async (compiler, type, module, resolution) => {
      const compilerOptions = { ...STRICT, module, moduleResolution: resolution, outDir: 'out' }
      expect(consumers[type].compile(compiler, { compilerOptions, files: ['app.ts'] })).toBe('')
      expect(await consumers[type].visit('out/app.js')).toEqual(SEEN)
    },
  )

  test('R52: an app with routing-controllers 0.10 compiles, and is served', async () => {
    const names = { ...forTypeScript, 'routing-controllers': 'routing-controllers010' }
    const consumer = new Consumer('older-controllers', 'commonjs', packed, names)
    consumer.copy(join(__dirname, 'apps/app.ts'), 'app.ts')
    const compilerOptions = { ...STRICT, module: 'node16', moduleResolution: 'node16', outDir: 'out' }
    expect(consumer.compile('typescript', { compilerOptions, files: ['app.ts'] })).toBe('')
    expect(await consumer.visit('out/app.js')).toEqual(SEEN)
  })

  test('R19, R52: the example of docs/stores.md with a Set compiles and runs as an ES module', async () => {
    const names = [...Object.keys(forTypeScript), '@ungap/structured-clone', '@types/ungap__structured-clone']
    const consumer = new Consumer('serializer', 'module', packed, itself(names))
    const [, code = ''] =
      /```ts\n(import [^`]*? from '@ungap\/structured-clone'[^]*?)```/.exec(packed.read('docs/stores.md')) ?? []
    const listen =
      "const server = app.listen(0, '127.0.0.1', () => console.log((server.address() as { port: number }).port))"
    expect(code).toContain('app.listen(3000)')
    consumer.write('app.ts', code.replace('app.listen(3000)', listen))
    const compilerOptions = { ...STRICT, module: 'nodenext', moduleResolution: 'nodenext', outDir: 'out' }
    expect(consumer.compile('typescript', { compilerOptions, files: ['app.ts'] })).toBe('')
    // It counts the paths that a visitor has been to.
    expect(await consumer.visit('out/app.js')).toEqual([1, 1, 2, 2, 2, 3, 3].map((count) => `${count} pages seen`))
  })

  test.each([
    ['typescript54', 'fixtures'],
    ['typescript', 'fixtures'],
    ['typescript6', 'fixtures'],
    ['typescript7', 'fixtures'],
    ['typescript7', 'fixtures/plain'],
  ] as const)('R52: for %s, the declarations are as exact as the source in test/world/types/%s', (compiler, folder) => {
    const compilerOptions = { ...STRICT, module: 'node16', skipLibCheck: true, noEmit: true }
    expect(consumers.commonjs.compile(compiler, { compilerOptions, include: [`${folder}/*.ts`] })).toBe('')
  })
})

function itself(names: string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, name]))
}
