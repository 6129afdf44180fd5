import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

const DIRECTIVE = /^\/\/ @ts-expect-error (.+)$/

/** A line that must not compile, and what the compiler says of it. */
interface Refusal {
  line: string
  /** A part of the message that it must be refused with. */
  expected: string
  messages: string[]
}

/** What the compiler says of a fixture. */
interface FixtureVerdict {
  /** The fixture's first line. */
  title: string
  refusals: Refusal[]
  /** What it says of all other lines. */
  errors: string[]
}

/** Compiles every fixture in a folder with the tsconfig.json beside them, and with `@ts-expect-error` out of force. */
export function checkFixtures(folder: string): FixtureVerdict[] {
  const { options, fileNames } = readConfig(folder)
  const host = ts.createCompilerHost(options)
  const readFile = host.readFile.bind(host)
  const files = new Map(fixturesIn(folder).map((path) => [path, readFile(path) ?? '']))
  host.readFile = (path) => files.get(path)?.replaceAll('@ts-expect-error', '') ?? readFile(path)
  const program = ts.createProgram({ rootNames: fileNames, options, host })
  const general = [...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics()].map(messageOf)
  return Array.from(files, ([path, text]) => {
    const { refusals, errors, ...verdict } = verdictOn(text.split('\n'), messagesByLine(program, path))
    return { ...verdict, refusals, errors: [...general, ...errors] }
  })
}

function fixturesIn(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
  return names.map((name) => join(folder, name).replaceAll('\\', '/'))
}

function readConfig(folder: string): ts.ParsedCommandLine {
  const { config, error } = ts.readConfigFile(join(folder, 'tsconfig.json'), (path) => ts.sys.readFile(path))
  const parsed = ts.parseJsonConfigFileContent(config, ts.sys, folder)
  const errors = error ? [error, ...parsed.errors] : parsed.errors
  if (errors.length > 0) throw new Error(errors.map(messageOf).join('\n'))
  return parsed
}

function messagesByLine(program: ts.Program, path: string): Map<number, string[]> {
  const file = program.getSourceFile(path)
  if (!file) throw new Error(`${path} is not compiled`)
  const messages = new Map<number, string[]>()
  for (const diagnostic of [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]) {
    const { line } = file.getLineAndCharacterOfPosition(diagnostic.start ?? 0)
    messages.set(line, [...(messages.get(line) ?? []), messageOf(diagnostic)])
  }
  return messages
}

function verdictOn(lines: string[], messagesOf: Map<number, string[]>): FixtureVerdict {
  const refusals: Refusal[] = []
  const errors: string[] = []
  for (const [index, line] of lines.entries()) {
    const expected = DIRECTIVE.exec(lines[index - 1]?.trim() ?? '')?.[1]
    const messages = messagesOf.get(index) ?? []
    if (expected === undefined) errors.push(...messages.map((message) => `line ${index + 1}: ${message}`))
    else refusals.push({ line: line.trim(), expected, messages })
  }
  return { title: lines[0]?.replace('// ', '') ?? '', refusals, errors }
}

function messageOf({ messageText }: ts.Diagnostic): string {
  return ts.flattenDiagnosticMessageText(messageText, '\n')
}
