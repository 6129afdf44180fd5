import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(__dirname, '../../..')

export function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** What users read: the README, and the pages of `docs`. What is made of the docstrings is tested where it comes from. */
export const PAGES = ['README.md', ...markdownIn('docs').filter((path) => !path.startsWith('docs/api/'))]

/** The pages in a folder of the project and in those below it. */
export function markdownIn(folder: string): string[] {
  if (!existsSync(join(ROOT, folder))) return []
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
  const pages = names.filter((name) => name.endsWith('.md'))
  return pages.sort().map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
}

interface CodeBlock {
  /** The heading that it stands under, and the line that it begins at. */
  title: string
  language: string
  code: string
}

/** The name that a block's first line gives it, as in `// app.ts`: it is a file, and lies beside the others of its page. */
export function fileNameOf({ code }: CodeBlock): string | undefined {
  return /^\/\/ ([\w.-]+\.ts)\n/.exec(code)?.[1]
}

/** The fenced code blocks of a text, in order. */
export function codeBlocks(text: string): CodeBlock[] {
  const blocks: CodeBlock[] = []
  let heading = ''
  let open: CodeBlock | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^\s*```(\w*)/.exec(line)
    if (fence && open) open = undefined
    else if (fence) blocks.push((open = { title: `${heading} (line ${index + 1})`, language: fence[1], code: '' }))
    else if (open) open.code += `${line}\n`
    else heading = /^#+ (.+)/.exec(line)?.[1] ?? heading
  }
  return blocks
}

/** The rows of the table whose first heading is `name`, each as its cells; the heading itself is left out. */
export function tableRows(text: string, name: string): string[][] {
  const lines = text.split('\n')
  const start = lines.findIndex((line) => cellsOf(line)[0] === name)
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'))
  return lines.slice(start + 2, end).map(cellsOf)
}

/** What stands in backticks, without the brackets of a call. */
export function names(cell: string): string[] {
  return Array.from(cell.matchAll(/`(\w+)[^`]*`/g), ([, name]) => name)
}

function cellsOf(line: string): string[] {
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim())
}
