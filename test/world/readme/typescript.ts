import { join } from 'node:path'
import ts from 'typescript'
import { ROOT } from './markdown'

const config = ts.parseJsonConfigFileContent(
  ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile).config,
  ts.sys,
  ROOT,
)

/** As this package's users are told to have it: strict, with decorators; and without the tests' globals. */
export const PROGRAM: ts.CompilerOptions = { ...config.options, types: ['node'] }
/** For a piece out of a program: it may wait at its top level, and leave unused what it declares. */
export const PIECE: ts.CompilerOptions = {
  ...PROGRAM,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  noUnusedLocals: false,
  noUnusedParameters: false,
}

const FILE = join(ROOT, 'code-block.ts')
const sources = new Map<string, ts.SourceFile | undefined>()

/**
 * A program of one file with this code, which lies beside `package.json`.
 *
 * @param neighbours the files that lie beside it, by their names
 * @param path where it lies, and as what: a `.mts` is an ES module
 */
export function programOf(
  code: string,
  options: ts.CompilerOptions,
  neighbours: ReadonlyMap<string, string> = new Map(),
  path = FILE,
): { program: ts.Program; file: ts.SourceFile } {
  const host = ts.createCompilerHost(options)
  const { getSourceFile, fileExists, readFile } = host
  const cacheKey = `${options.module}:`
  const made = new Map([[path, code], ...Array.from(neighbours, ([name, text]) => [join(ROOT, name), text] as const)])
  host.fileExists = (name) => made.has(name) || fileExists(name)
  host.readFile = (name) => made.get(name) ?? readFile(name)
  host.getSourceFile = (name, ...how) => {
    const text = made.get(name)
    if (text !== undefined) return ts.createSourceFile(name, text, how[0], true)
    if (!sources.has(cacheKey + name)) sources.set(cacheKey + name, getSourceFile(name, ...how))
    return sources.get(cacheKey + name)
  }
  const program = ts.createProgram([path], options, host)
  return { program, file: program.getSourceFile(path) as ts.SourceFile }
}

/** What the compiler has to say of the code, one text for each of its complaints. */
export function complaints(
  code: string,
  options = PROGRAM,
  neighbours?: ReadonlyMap<string, string>,
  path?: string,
): string[] {
  const { program, file } = programOf(code, options, neighbours, path)
  const diagnostics = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]
  return diagnostics.map(({ start = 0, messageText }) => {
    const line = file.text.slice(file.text.lastIndexOf('\n', start - 1) + 1).split('\n')[0]
    return `${ts.flattenDiagnosticMessageText(messageText, ' ')} In: ${line.trim()}`
  })
}

/** The code as Node runs it, with the metadata of its decorators. */
export function transpile(code: string): string {
  const compilerOptions = { ...PROGRAM, module: ts.ModuleKind.CommonJS, moduleResolution: undefined }
  return ts.transpileModule(code, { compilerOptions }).outputText
}

/** What a module exports, by name, and whether that is a type alone. */
export type Exports = Map<string, { isType: boolean }>

export function exportsOf(specifier: string): Exports {
  const { program, file } = programOf(`import * as module from '${specifier}'`, PIECE)
  const checker = program.getTypeChecker()
  const { moduleSpecifier } = file.statements[0] as ts.ImportDeclaration
  const symbol = checker.getSymbolAtLocation(moduleSpecifier)
  const symbols = symbol ? checker.getExportsOfModule(symbol) : []
  return new Map(symbols.map((found) => [found.name, { isType: !isValue(checker, found) }]))
}

function isValue(checker: ts.TypeChecker, symbol: ts.Symbol): boolean {
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  return (target.flags & ts.SymbolFlags.Value) !== 0
}
