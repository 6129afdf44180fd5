import { existsSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'
import { markdownIn, readText, ROOT } from './markdown'

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'src/README.md',
  'test/README.md',
  ...markdownIn('docs'),
  ...markdownIn('example'),
]

/** A page without what stands in fences and in backticks, where nothing is a link. */
function proseOf(path: string): string {
  return readText(path).replace(/^```[^]*?^```/gm, '')
}

/** The links of a page to files of the project, as the file and the anchor. */
function linksOf(page: string): { target: string; anchor: string | undefined }[] {
  const links = proseOf(page)
    .replace(/(?<!\[)`[^`\n]*`(?!\])/g, '')
    .matchAll(/\]\((?![a-z]+:)([^)\s]*)[^)]*\)/g)
  return Array.from(links, ([, link = '']) => {
    const [path = '', anchor] = link.split('#')
    return { target: path === '' ? page : posix.join(posix.dirname(page), path), anchor }
  })
}

const known = new Map<string, Set<string>>()

/** The anchors of a page: those that it sets, and one for each heading, as GitHub makes them. */
function anchorsOf(path: string): Set<string> {
  let anchors = known.get(path)
  if (anchors) return anchors
  const text = proseOf(path)
  anchors = new Set(Array.from(text.matchAll(/<a id="([^"]+)">/g), ([, id = '']) => id))
  for (const [, heading = ''] of text.matchAll(/^#+ (.+)$/gm)) {
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const slug = words
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-')
    let anchor = slug
    for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`
    anchors.add(anchor)
  }
  known.set(path, anchors)
  return anchors
}

describe('the links between the pages', () => {
  it('the links between the pages are found', () => {
    expect(pages.flatMap(linksOf).length).toBeGreaterThan(50)
    expect(pages.flatMap(linksOf).filter(({ anchor }) => anchor !== undefined).length).toBeGreaterThan(10)
  })

  it.each(pages)('R52: the links of %s lead to a file, and to an anchor, that there is', (page) => {
    const dead = linksOf(page).filter(({ target, anchor }) => {
      if (!existsSync(join(ROOT, target))) return true
      if (anchor === undefined) return false
      return !statSync(join(ROOT, target)).isFile() || !anchorsOf(target).has(anchor)
    })
    expect(dead).toEqual([])
  })
})
