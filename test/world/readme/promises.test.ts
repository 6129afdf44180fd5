import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import ts from 'typescript'
import { readText, tableRows } from './markdown'

const TESTS = join(__dirname, '../..')
const NUMBER = /^[RD]\d+$/

/** The numbers in front of a title, as in `R9: R12: …` or `R11, D16: …`, and the folder of its file. */
function numbersInTitles(): { number: string; folder: string }[] {
  const files = readdirSync(TESTS, { recursive: true, encoding: 'utf8' }).map((path) => path.replaceAll('\\', '/'))
  return files
    .filter((path) => path.endsWith('.ts') && !path.startsWith('bench/'))
    .flatMap((path) => {
      const texts = literalsIn(path, readFileSync(join(TESTS, path), 'utf8'))
      return texts.flatMap(numbersBefore).map((number) => ({ number, folder: folderOf(path) }))
    })
}

/** The first argument of each `it` and `test` of a file, with `each` or without, where it is a text. */
function titlesIn(path: string): string[] {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && /^(it|test)\b(?!\.each$)/.test(node.expression.getText())) {
      const [title] = node.arguments
      if (title && ts.isStringLiteralLike(title)) found.push(title.text)
      else if (title && ts.isTemplateExpression(title)) found.push(title.head.text)
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(path, readFileSync(join(TESTS, path), 'utf8'), ts.ScriptTarget.Latest, true))
  return found
}

/** Two shelves have folders that are named in the list; the third is a folder by itself. */
function folderOf(path: string): string {
  const [shelf, folder] = path.split('/')
  return shelf === 'promises' || shelf === 'world' ? folder : shelf
}

function literalsIn(path: string, text: string): string[] {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node)) found.push(node.text)
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest))
  return found
}

function numbersBefore(title: string): string[] {
  const [head] = /^(?:[RD]\d+(?:, |: ))+/.exec(title) ?? []
  return head?.match(/[RD]\d+/g) ?? []
}

describe('test/README.md', () => {
  const listed = [...tableRows(readText('test/README.md'), 'promise'), ...tableRows(readText('docs/migration.md'), '#')]
  const numbers = listed.map(([number]) => number)
  const used = numbersInTitles()
  const testFiles = readdirSync(TESTS, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.test.ts'),
  )

  it('lists each promise once, in a sentence', () => {
    expect(numbers.filter((number) => !NUMBER.test(number))).toEqual([])
    expect(new Set(numbers).size).toBe(numbers.length)
    expect(tableRows(readText('test/README.md'), 'promise').filter(([, sentence]) => !sentence.endsWith('.'))).toEqual(
      [],
    )
  })

  it('has a test for each', () => {
    const tested = new Set(used.map(({ number }) => number))
    expect(numbers.filter((number) => !tested.has(number))).toEqual([])
  })

  it('has every number that stands in front of a title', () => {
    expect(used.filter(({ number }) => !numbers.includes(number))).toEqual([])
  })

  it('has a number in front of every title of a promise', () => {
    const files = testFiles.filter((path) => /^(promises|unit)\//.test(path))
    const titles = files.flatMap((path) => titlesIn(path).map((title) => `${path}: ${title}`))
    expect(titles.length).toBeGreaterThan(1_000)
    expect(titles.filter((title) => !/: (?:[RD]\d+(?:, |: ))+/.test(title) && !title.endsWith(': $title'))).toEqual([])
  })

  it('has no two files of tests that have one name', () => {
    const names = testFiles.map((path) => basename(path))
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
  })

  it('names files that are there', () => {
    const paths = readText('test/README.md').match(/(?<=`)(?:support|promises|unit)\/[\w./-]+\.ts(?=`)/g) ?? []
    expect(paths.length).toBeGreaterThan(20)
    expect(paths.filter((path) => !existsSync(join(TESTS, path)))).toEqual([])
  })

  it('names folders that have a test of the number', () => {
    const wrong = tableRows(readText('test/README.md'), 'promise').flatMap(([number, , folders]) =>
      folders
        .split(', ')
        .map((folder) => folder.replaceAll('`', ''))
        .filter((folder) => !used.some((each) => each.number === number && each.folder === folder))
        .map((folder) => `${number}: ${folder}`),
    )
    expect(wrong).toEqual([])
  })
})
