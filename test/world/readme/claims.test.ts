import { SessionService } from 'koa-session-service'
import ts from 'typescript'
import { createApp } from '../../support/app/app'
import { codeBlocks, names, PAGES, readText, tableRows } from './markdown'
import { sourceFiles } from './sources'
import { PIECE, programOf } from './typescript'

const pages = PAGES.map(readText).join('\n')
const manifest = JSON.parse(readText('package.json')) as {
  scripts: Record<string, string>
  exports: Record<string, unknown>
}

/** Defaults that an option has where it is used. */
const IMPLIED = { chunks: 1, onStoreError: 'throw' }

interface MeasuredRow {
  scenario: string
  micros: number
  share: number
  target: number | 'not measurable'
}

/** The options that a session takes, the deprecated ones left out. */
function optionNames(): string[] {
  const { program, file } = programOf(
    "import type { SessionOptions } from 'koa-session-service'\nexport const options: SessionOptions = {}",
    PIECE,
  )
  const checker = program.getTypeChecker()
  const statement = file.statements[1] as ts.VariableStatement
  const properties = checker.getTypeAtLocation(statement.declarationList.declarations[0]).getProperties()
  return properties
    .filter((property) => !property.getJsDocTags(checker).some(({ name }) => name === 'deprecated'))
    .map(({ name }) => name)
}

/** The codes that `src/errors.ts` lists. */
function errorCodes(): string[] {
  return Array.from(readText('src/base/errors.ts').matchAll(/^\s*\| '(ERR_SESSION_\w+)'/gm), ([, code]) => code)
}

/** The code behind `npm run` and its short forms, wherever the text has it. */
function scripts(text: string): string[] {
  return Array.from(text.matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/g), ([, script, short]) => script ?? short)
}

describe('what the README says', () => {
  const options = tableRows(readText('docs/options.md'), 'option')

  it('docs/options.md names the options that there are, each once', () => {
    expect(options.flatMap(([cell]) => names(cell)).sort()).toEqual(optionNames().sort())
  })

  it('docs/options.md names the defaults that options have', () => {
    const defaults = options
      .map(([cell, value]) => ({ name: names(cell)[0], literal: /^`([^`]+)`$/.exec(value)?.[1] }))
      .filter(({ literal }) => literal !== undefined)
    const resolved: Record<string, unknown> = { ...IMPLIED, ...new SessionService(createApp(), {}).options }
    const told = defaults.map(({ name, literal }) => [name, valueOf(literal as string)])
    expect(told.length).toBeGreaterThan(8)
    // What is not set is off, or empty.
    expect(told).toEqual(told.map(([name, value]) => [name, resolved[String(name)] ?? (value === '' ? '' : false)]))
  })

  it('docs/performance.md tells the figures of the benchmark that was run last', () => {
    const { rows } = JSON.parse(readText('test/bench/results.json')) as { rows: MeasuredRow[] }
    const told = tableRows(readText('docs/performance.md'), 'a request').map(([scenario, micros, share]) => [
      scenario,
      micros,
      share,
    ])
    const measured = rows.map(({ scenario, micros, share, target }) => [
      scenario,
      micros.toFixed(1),
      target === 'not measurable' ? '–' : share.toFixed(2),
    ])
    expect(told).toEqual(measured)
  })

  it('docs/migration.md lists the differences from koa-session, each once and in order', () => {
    const numbers = tableRows(readText('docs/migration.md'), '#').map(([number]) => number)
    expect(numbers).toEqual(Array.from({ length: 25 }, (_, index) => `D${index + 1}`))
    expect(
      tableRows(readText('docs/migration.md'), '#').filter((cells) => cells.length !== 4 || cells.includes('')),
    ).toEqual([])
  })

  it('the README, docs and CONTRIBUTING.md name scripts that package.json has', () => {
    const pages = PAGES.map(readText).concat(readText('CONTRIBUTING.md')).join('\n')
    const shell = codeBlocks(pages)
      .filter(({ language }) => language === '' || language === 'sh')
      .map(({ code }) => code)
    const prose = Array.from(pages.matchAll(/`([^`\n]+)`/g), ([, code]) => code)
    const named = [...shell, ...prose].flatMap(scripts)
    expect(named.length).toBeGreaterThan(3)
    expect(named.filter((name) => !(name in manifest.scripts))).toEqual([])
  })

  it('the README and docs import from subpaths that package.json exports', () => {
    const subpaths = new Set(Array.from(pages.matchAll(/koa-session-service(\/[\w/-]+)/g), ([, path]) => `.${path}`))
    expect([...subpaths].filter((path) => !(path in manifest.exports))).toEqual([])
  })

  it('docs/troubleshooting.md tells the cause and the cure of every error code, each once', () => {
    const rows = tableRows(readText('docs/troubleshooting.md'), 'code')
    expect(rows.flatMap(([code]) => names(code)).sort()).toEqual(errorCodes().sort())
    const isWhole = ([, status, cause, cure, ...more]: string[]) =>
      /^[1-5]\d\d$/.test(status) && cause.endsWith('.') && cure.endsWith('.') && more.length === 0
    expect(rows.filter((cells) => !isWhole(cells))).toEqual([])
  })

  it('the README and docs mention error codes that there are', () => {
    const mentioned = pages.match(/ERR_SESSION_[A-Z_]+/g) ?? []
    expect(mentioned.filter((code) => !errorCodes().includes(code) && code !== 'ERR_SESSION_')).toEqual([])
  })
})

describe('the error codes', () => {
  const thrown = sourceFiles()
    .filter(({ path }) => path !== 'base/errors.ts')
    .map(({ text }) => text)
    .join('\n')

  it.each(errorCodes())('the error code %s is thrown somewhere', (code) => {
    expect(thrown).toMatch(new RegExp(`new SessionError\\(\\s*'${code}'`))
  })

  it('every error code that is thrown is listed in base/errors.ts', () => {
    const used = new Set(thrown.match(/ERR_SESSION_[A-Z_]*[A-Z]/g))
    expect([...used].sort()).toEqual(errorCodes().sort())
  })
})

function valueOf(literal: string): unknown {
  const { expression } = ts.createSourceFile('x.ts', literal, ts.ScriptTarget.Latest)
    .statements[0] as ts.ExpressionStatement
  return ts.isStringLiteral(expression) ? expression.text : (JSON.parse(literal) as unknown)
}
