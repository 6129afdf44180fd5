import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import ts from 'typescript'

export const SRC = join(__dirname, '../../../src')

/** One import or re-export of a source file. */
interface Import {
  /** A file of `src`, as its path in there; or the name of a package. */
  target: string
  isRelative: boolean
  /** It is gone after compilation. */
  isTypeOnly: boolean
}

export interface SourceFile {
  /** Its path in `src`, such as `stores/memory/memory-store.ts`. */
  path: string
  lines: number
  imports: Import[]
}

/** Every file of `src` with what it imports, also by `import()`, `require()` and in types. */
export function readSourceFiles(directory = SRC): SourceFile[] {
  const paths = readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => /\.m?ts$/.test(path))
    .sort()
  return paths.map((path) => {
    const text = readFileSync(join(directory, path), 'utf8')
    return { path, lines: text.trimEnd().split('\n').length, imports: importsOf(path, text, paths) }
  })
}

/** The imports in a source text; `paths` are the files that a relative one can mean. */
export function importsOf(path: string, text: string, paths: string[]): Import[] {
  const imports: Import[] = []
  const add = (specifier: ts.Node | undefined, isTypeOnly: boolean): void => {
    if (!specifier || !ts.isStringLiteralLike(specifier)) return
    const isRelative = specifier.text.startsWith('.')
    const target = isRelative ? resolve(path, specifier.text, paths) : packageOf(specifier.text)
    imports.push({ target, isRelative, isTypeOnly })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeImport(node.importClause))
    if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, isTypeExport(node))
    if (ts.isExternalModuleReference(node)) add(node.expression, false)
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true)
    if (ts.isCallExpression(node) && isLoad(node.expression)) add(node.arguments[0], false)
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true))
  return imports
}

function isTypeImport(clause: ts.ImportClause | undefined): boolean {
  if (!clause) return false
  if (clause.isTypeOnly) return true
  const names = clause.namedBindings
  if (clause.name || !names || !ts.isNamedImports(names)) return false
  return names.elements.length > 0 && names.elements.every((element) => element.isTypeOnly)
}

function isTypeExport({ isTypeOnly, exportClause }: ts.ExportDeclaration): boolean {
  if (isTypeOnly) return true
  return Boolean(
    exportClause && ts.isNamedExports(exportClause) && exportClause.elements.every((element) => element.isTypeOnly),
  )
}

function isLoad(callee: ts.Expression): boolean {
  return callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require')
}

function resolve(from: string, specifier: string, paths: string[]): string {
  const target = posix.join(posix.dirname(from), specifier)
  const stem = target.replace(/\.js$/, '')
  const candidates = [target, `${stem}.ts`, `${stem}/index.ts`, target.replace(/\.mjs$/, '.mts')]
  const found = candidates.find((candidate) => paths.includes(candidate))
  if (found === undefined) throw new Error(`${from} imports ${specifier}, which is no file of src`)
  return found
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
