import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Consumer } from './consumer'
import { PackedProject, ROOT } from './packed'

jest.setTimeout(120_000)

const packed = new PackedProject()
const names = [...Object.keys(packed.manifest.dependencies), 'koa', 'koa-session', 'zod', '@types/koa', '@types/node']
const packages = Object.fromEntries(names.map((name) => [name, name]))
const consumer = new Consumer('migration', 'commonjs', packed, packages)

/** The same package in the place of koa-session, as an alias puts it there. */
const { 'koa-session': _replaced, ...others } = packages
const aliased = new Consumer('aliased', 'commonjs', packed, others)
aliased.copy(packed.folder, 'node_modules/koa-session')

const page = readFileSync(join(ROOT, 'docs/migration.md'), 'utf8')
const diffs = Array.from(page.matchAll(/```diff\n([^]*?)```/g), ([, text]) => text ?? '').filter((text) =>
  text.includes('import Koa'),
)

/** One side of a diff: without the lines that the other side has alone, and without the first column. */
function side(diff: string, without: '-' | '+'): string {
  const lines = diff.split('\n').filter((line) => !line.startsWith(without))
  return lines.map((line) => line.slice(1)).join('\n')
}

/** What the compiler says of a file. */
function compile(project: Consumer, text: string): string {
  project.write('app.ts', `${text}\nexport {}\n`)
  const compilerOptions = {
    strict: true,
    target: 'es2022',
    module: 'node16',
    esModuleInterop: true,
    skipLibCheck: true,
    noEmit: true,
    types: ['node'],
  }
  return project.compile('typescript', { compilerOptions, files: ['app.ts'] })
}

test('R79: docs/migration.md has two ways to move a TypeScript application', () => {
  expect(diffs).toHaveLength(2)
})

test.each(diffs.map((diff, index) => [index + 1, diff] as const))(
  'R79: way %i of docs/migration.md compiles before and after',
  (_, diff) => {
    expect(compile(consumer, side(diff, '+'))).toBe('')
    expect(compile(consumer, side(diff, '-'))).toBe('')
  },
)

test.each(diffs.map((diff, index) => [index + 1, diff] as const))(
  'R79: way %i of docs/migration.md does not compile without its declaration',
  (_, diff) => {
    const undeclared = side(diff, '-').replace(/declare module[^]*?\n(?:}|\n)/, '')
    expect(compile(consumer, undeclared)).toContain("Property 'views' does not exist")
  },
)

test('R79: options that have the types of koa-session 7 fit createSession()', () => {
  const text = `import Koa from 'koa'
    import type { CreateSessionOptions as Old, SessionOptions as OldOptions } from 'koa-session'
    import { createSession, type CreateSessionOptions, type SessionOptions } from 'koa-session-service'
    declare const old: Old, all: OldOptions, app: Koa
    app.use(createSession(old, app))
    app.use(createSession(app, all))
    const own: CreateSessionOptions = { key: 'shop', owner: (data) => String(data) }
    const same: SessionOptions = own
    app.use(createSession(same, app))
    // @ts-expect-error no option has this name
    app.use(createSession({ kee: 'shop' }, app))`
  expect(compile(consumer, text)).toBe('')
})

test('R79: the declaration under the alias koa-session names the package as it is imported', () => {
  const declared = side(diffs[0] ?? '', '-').replaceAll('koa-session-service', 'koa-session')
  expect(compile(aliased, declared)).toBe('')
})

test.each([
  [
    'commonjs',
    `const { createSession, default: session } = require('koa-session'); const all = require('koa-session')`,
  ],
  ['module', `import session, { createSession } from 'koa-session'; import * as all from 'koa-session'`],
] as const)('R78: a %s module finds under the alias koa-session what that exports', (type, imports) => {
  const code = `${imports}
    print([typeof session, typeof createSession, all.createSession === createSession, all.default === session])`
  expect(aliased.evaluate(type, code)).toEqual(['function', 'function', true, true])
})
