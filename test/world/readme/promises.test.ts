import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import ts from 'typescript'
import { readText, tableRows } from './markdown'

const TESTS = join(__dirname, '../..')
const NUMBER = /^[RD]\d+$/
const NUMBERS_IN_FRONT = /^(?:[RD]\d+(?:, |: ))+/

/** A title that begins with one of these is the rest of a sentence: its subject stands elsewhere. */
const RESTS =
  'is are was has have had does do did can may must will cannot asks begins carries comes counts decides ' +
  'draws expects expires fails finds follows forgets gives goes gets grows hears holds imports judges keeps knows lasts ' +
  'learns leaves lets lists lives looks loses makes meet meets mentions misses names needs opens passes prints puts reads ' +
  'refuses remembers renews reports rest restarts rests returns runs saves says sees sends serves sets shows signs starts ' +
  'stays stops takes tells throws told travel travels tries uses waits warns works writes who whoever whom ' +
  'it its he she they their them this these so nor and or but also not then too otherwise'
const REST = new RegExp(`^(?:${RESTS.replaceAll(' ', '|')})(?= |$)`)

/** With fewer words of its own, beside what a table puts in, a title says nothing. */
const FEWEST_WORDS = 3

/** Each text with numbers in front of it, as in `R9: R12: …` or `R11, D16: …`: what stands behind them, and its file. */
function numberedTexts(): { path: string; numbers: string[]; sentence: string }[] {
  const files = readdirSync(TESTS, { recursive: true, encoding: 'utf8' }).map((path) => path.replaceAll('\\', '/'))
  return files
    .filter((path) => path.endsWith('.ts') && !path.startsWith('bench/'))
    .flatMap((path) =>
      literalsIn(path, readFileSync(join(TESTS, path), 'utf8')).flatMap((text) => {
        const [head] = NUMBERS_IN_FRONT.exec(text) ?? []
        return head ? [{ path, numbers: head.match(/[RD]\d+/g) ?? [], sentence: text.slice(head.length) }] : []
      }),
    )
}

/** Whether a title lacks its subject, or is little more than what a table puts into it. */
function isFragment(sentence: string): boolean {
  const own = sentence.split(' ').filter((word) => /^["'(]?\w/.test(word))
  return REST.test(sentence) || own.length < FEWEST_WORDS
}

/** The first argument of each `it` and `test` of a file, with `each` or without, where it is a text. */
function titlesIn(path: string): string[] {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && /^(it|test)\b(?!\.each$)/.test(node.expression.getText())) {
      const title = node.arguments[0] && textOf(node.arguments[0])
      if (title !== undefined) found.push(title)
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

/** The text of a literal; in a template, `%s` stands for what is put in. */
function textOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text
  if (!ts.isTemplateExpression(node)) return undefined
  return node.head.text + node.templateSpans.map(({ literal }) => `%s${literal.text}`).join('')
}

/** The texts of a file. */
function literalsIn(path: string, text: string): string[] {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    const literal = textOf(node)
    if (literal !== undefined) found.push(literal)
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest))
  return found
}

describe('test/README.md', () => {
  const listed = [...tableRows(readText('test/README.md'), 'promise'), ...tableRows(readText('docs/migration.md'), '#')]
  const numbers = listed.map(([number]) => number)
  const texts = numberedTexts()
  const used = texts.flatMap(({ path, numbers }) => numbers.map((number) => ({ number, folder: folderOf(path) })))
  const testFiles = readdirSync(TESTS, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.test.ts'),
  )

  it('test/README.md lists each promise once, in a sentence', () => {
    expect(numbers.filter((number) => !NUMBER.test(number))).toEqual([])
    expect(new Set(numbers).size).toBe(numbers.length)
    expect(tableRows(readText('test/README.md'), 'promise').filter(([, sentence]) => !sentence.endsWith('.'))).toEqual(
      [],
    )
  })

  it('each promise of test/README.md has a test', () => {
    const tested = new Set(used.map(({ number }) => number))
    expect(numbers.filter((number) => !tested.has(number))).toEqual([])
  })

  it('each number in front of a title is that of a promise', () => {
    expect(used.filter(({ number }) => !numbers.includes(number))).toEqual([])
  })

  it('each title of a promise has its number in front', () => {
    const files = testFiles.filter((path) => /^(promises|unit)\//.test(path))
    const titles = files.flatMap((path) => titlesIn(path).map((title) => `${path}: ${title}`))
    expect(titles.length).toBeGreaterThan(1_000)
    expect(titles.filter((title) => !/: (?:[RD]\d+(?:, |: ))+/.test(title) && !title.endsWith(': $title'))).toEqual([])
  })

  it('each title is a whole sentence, and so is what stands behind a number', () => {
    const numbered = texts.filter(({ path }) => /^(promises|unit)\//.test(path) || path.endsWith('.test.ts'))
    expect(numbered.length).toBeGreaterThan(1_000)
    expect(numbered.filter(({ sentence }) => isFragment(sentence))).toEqual([])
    const others = testFiles
      .filter((path) => path.startsWith('world/'))
      .flatMap((path) => titlesIn(path).map((title) => ({ path, sentence: title.replace(NUMBERS_IN_FRONT, '') })))
    expect(others.length).toBeGreaterThan(300)
    // Such a title is a whole row of a table.
    expect(others.filter(({ sentence }) => !/^(%s|\$\w+)$/.test(sentence) && isFragment(sentence))).toEqual([])
    expect(
      ['is kept', 'nor is it', 'who asks is told', '$title', '%s: %p is refused', 'isNew'].filter(
        (title) => !isFragment(title),
      ),
    ).toEqual([])
    expect(['no %s is a %p', 'ends are kept', '%s of a store fails'].filter(isFragment)).toEqual([])
  })

  it('no two files of tests have one name', () => {
    const names = testFiles.map((path) => basename(path))
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
  })

  it('each file that test/README.md names is there', () => {
    const paths = readText('test/README.md').match(/(?<=`)(?:support|promises|unit)\/[\w./-]+\.ts(?=`)/g) ?? []
    expect(paths.length).toBeGreaterThan(20)
    expect(paths.filter((path) => !existsSync(join(TESTS, path)))).toEqual([])
  })

  it('each folder that test/README.md names has a test of the number', () => {
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
