import { readdirSync } from 'node:fs'
import { readText, ROOT } from './markdown'
import { join } from 'node:path'

interface SourceFile {
  /** As it is under `src`. */
  path: string
  text: string
}

/** The TypeScript sources of the package. */
export function sourceFiles(): SourceFile[] {
  return readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .sort()
    .map((path) => ({ path, text: readText(join('src', path)) }))
}

interface Example {
  /** The file and the line that it begins at. */
  title: string
  path: string
  code: string
}

const TAG = /^@(example|throws|param|returns|see|deprecated|default|typeParam)\b/

/** The code behind every `@example`, without the stars of its comment and the fence around it. */
export function examplesOf({ path, text }: SourceFile): Example[] {
  const examples: Example[] = []
  let open: Example | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const content = /^\s*\* ?(?!\/)(.*)$/.exec(line)?.[1]
    if (content === undefined) open = undefined
    else if (content.startsWith('@example')) {
      examples.push((open = { title: `${path}:${index + 1}`, path, code: '' }))
    } else if (TAG.test(content)) open = undefined
    else if (open && !content.startsWith('```')) open.code += `${content}\n`
  }
  return examples
}
