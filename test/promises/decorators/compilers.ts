import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { transformSync as swc } from '@swc/core'
import { transformSync as esbuild } from 'esbuild'
import ts from 'typescript'

const NAME = 'carts.ts'
const FIXTURE = join(__dirname, 'fixtures', NAME)

type Mode = 'standard' | 'legacy'

interface Compiler {
  name: string
  mode: Mode
  /** How the fixture declares what is a session. */
  form: 'accessor' | 'declare'
  compile: (text: string) => string
}

/** What users make JavaScript with: each as CommonJS of ES2022, with its own helpers for decorators. */
export const COMPILERS: Compiler[] = [
  ...all('tsc', (text, mode) => compileWithTsc(text, mode, {})),
  ...all('esbuild', compileWithEsbuild),
  // swc leaves the keyword in classes with legacy decorators as it is, and no engine knows it yet.
  ...all('swc', compileWithSwc).filter(({ mode, form }) => mode === 'standard' || form === 'declare'),
  ...legacy('tsc with metadata', (text, mode) => compileWithTsc(text, mode, { emitDecoratorMetadata: true })),
  ...legacy('tsc with fields that are assigned', (text, mode) =>
    compileWithTsc(text, mode, { useDefineForClassFields: false }),
  ),
]

type Compile = (text: string, mode: Mode) => string

function all(name: string, compile: Compile): Compiler[] {
  const standard: Compiler = { name, mode: 'standard', form: 'accessor', compile: (text) => compile(text, 'standard') }
  return [standard, ...legacy(name, compile)]
}

function legacy(name: string, compile: Compile): Compiler[] {
  return (['accessor', 'declare'] as const).map((form) => ({
    name,
    mode: 'legacy',
    form,
    compile: (text) => compile(form === 'declare' ? declared(text) : text, 'legacy'),
  }))
}

/** The fixture for legacy decorators without the keyword `accessor`. */
export function declared(text: string): string {
  return text.replaceAll(/ accessor (\w+)!?:/g, ' declare $1:')
}

function compileWithTsc(text: string, mode: Mode, more: ts.CompilerOptions): string {
  const compilerOptions: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.CommonJS,
    esModuleInterop: true,
    experimentalDecorators: mode === 'legacy',
    ...more,
  }
  return ts.transpileModule(text, { compilerOptions, fileName: NAME }).outputText
}

function compileWithEsbuild(text: string, mode: Mode): string {
  const compilerOptions = { experimentalDecorators: mode === 'legacy' }
  return esbuild(text, { loader: 'ts', format: 'cjs', target: 'es2022', tsconfigRaw: { compilerOptions } }).code
}

function compileWithSwc(text: string, mode: Mode): string {
  const transform = mode === 'legacy' ? { legacyDecorator: true } : { decoratorVersion: '2022-03' as const }
  return swc(text, {
    configFile: false,
    swcrc: false,
    filename: NAME,
    jsc: { parser: { syntax: 'typescript', decorators: true }, target: 'es2022', transform },
    module: { type: 'commonjs' },
  }).code
}

/** Runs code that was compiled, with the packages as this test has them. */
export function evaluate<Exports>(code: string): Exports {
  const exports = {} as Exports
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- what the compilers make of a fixture
  const run = new Function('require', 'exports', 'module', code) as (...given: unknown[]) => void
  const module = { exports }
  run((name: string) => jest.requireActual(name), exports, module)
  return module.exports
}

export function fixtureText(): string {
  return readFileSync(FIXTURE, 'utf8')
}
