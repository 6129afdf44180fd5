import { join } from 'node:path'
import ts from 'typescript'
import { codeBlocks, PAGES, readText, ROOT } from './markdown'
import { complaints, PROGRAM } from './typescript'

const FILE = join(ROOT, 'code-block.mts')

/** A project of ES modules: the doors are those that an `import` gets. */
const ES_MODULE: ts.CompilerOptions = {
  ...PROGRAM,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  verbatimModuleSyntax: true,
  paths: { 'koa-session-service': ['./src/index.mts'], 'koa-session-service/*': ['./src/*.mts'] },
}

const programs = PAGES.flatMap((page) =>
  codeBlocks(readText(page))
    .filter(({ language, code }) => language === 'ts' && /listen\(3000\)\n$/.test(code))
    .map((block) => ({ ...block, title: `${page}: ${block.title}` })),
)

describe('the programs of the README and the pages of docs, as ES modules', () => {
  it('the programs of the README and the pages of docs are found for ES modules', () => {
    expect(programs.length).toBeGreaterThanOrEqual(20)
  })

  it.each(programs)('$title compiles as an ES module', ({ code }) => {
    expect(complaints(code, ES_MODULE, undefined, FILE)).toEqual([])
  })
})
