import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './markdown'
import { complaints, exportsOf, PIECE, type Exports } from './typescript'

/** What a reader knows from around an example. */
const SURROUNDINGS = new Map(
  Object.entries({
    Koa: "import Koa from 'koa'",
    app: 'const app = new Koa()',
    assert: "import assert from 'node:assert/strict'",
    browserContext: "declare const browserContext: import('playwright-core').BrowserContext",
    ctx: 'declare const ctx: Context',
    Cart: 'interface Cart { items?: string[] }',
    CartController: 'class CartController {}',
    client: "import { createClient } from 'redis'\nconst client = createClient()",
    Database: "import Database from 'libsql'",
    db: 'declare const db: Kysely<any>',
    sessions: 'declare const sessions: SessionService<any>',
    redis: 'declare const redis: Redis',
    Databases: 'declare class Databases { of(hostname: string): Map<string, SessionRecord> }',
    RedisSessions: 'declare class RedisSessions extends MemoryStore {}',
    tenants: 'declare const tenants: { get(hostname: string): Map<string, SessionRecord> }',
    Users: 'interface Users { find(id: string): Promise<object> }',
  }),
)

const DATA = `import 'koa-session-service'
declare module 'koa-session-service' {
  interface SessionData { userId?: string; views?: number }
}`

const MAIN = 'koa-session-service'
const FRAMEWORKS = ['koa', 'routing-controllers', 'typedi', 'kysely', 'ioredis', 'pg']
/** Those that end in a file of their own for ES modules. */
const SUBPATHS = readdirSync(join(ROOT, 'src'))
  .flatMap((name) => /^(.+)\.mts$/.exec(name)?.[1] ?? [])
  .filter((name) => name !== 'index')
  .map((name) => `${MAIN}/${name}`)
const exportedNames = new Map<string, Exports>()

/** The module that a source file is a part of, as users import it. */
export function homeOf(path: string): string {
  const subpath = `${MAIN}/${path.replace(/\.ts$/, '')}`
  return SUBPATHS.includes(subpath) ? subpath : MAIN
}

/**
 * What the compiler says of an example once the names that it uses are there: those that the module it describes
 * exports, then those of the packages, then {@link SURROUNDINGS}.
 *
 * @param home the module that the example describes
 */
export function complaintsOfPiece(code: string, home = MAIN): string[] {
  const asStatements = surround((head) => `${head}\n${DATA}\n${code}`, home)
  // Members of a class make no sense by themselves; in a class they do.
  if (!/^\s*@\w+\(/.test(code)) return asStatements
  const around = 'class Example { constructor(readonly users: Users) {}'
  const asMembers = surround((head) => `${head}\n${DATA}\n${around}\n${code}\n}`, home)
  return asMembers.length < asStatements.length ? asMembers : asStatements
}

function surround(assemble: (head: string) => string, home: string): string[] {
  const known = new Set<string>()
  const head: string[] = []
  for (;;) {
    const found = complaints(assemble(head.join('\n')), PIECE)
    const missing = new Set(found.flatMap(missingName).filter((name) => !known.has(name)))
    const lines = Array.from(missing, (name) => introduce(name, home)).filter((line) => line !== undefined)
    if (lines.length === 0) return found
    for (const name of missing) known.add(name)
    head.push(...lines)
  }
}

function missingName(complaint: string): string[] {
  const pattern = /Cannot find name '(\w+)'|No value exists in scope for the shorthand property '(\w+)'/
  const [, name, shorthand] = pattern.exec(complaint) ?? []
  return [name ?? shorthand].filter((found) => found !== undefined)
}

function introduce(name: string, home: string): string | undefined {
  // A module with a framework's name is read beside that framework, whose names go before our own.
  const packages = home === MAIN ? [MAIN, ...FRAMEWORKS] : [home, ...FRAMEWORKS, MAIN]
  const specifier = [...packages, ...SUBPATHS].find((candidate) => exported(candidate).has(name))
  if (!specifier) return SURROUNDINGS.get(name)
  return `import ${exported(specifier).get(name)?.isType ? 'type ' : ''}{ ${name} } from '${specifier}'`
}

function exported(specifier: string): Exports {
  let found = exportedNames.get(specifier)
  if (!found) exportedNames.set(specifier, (found = exportsOf(specifier)))
  return found
}
