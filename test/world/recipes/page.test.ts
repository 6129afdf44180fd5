import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readText, ROOT, tableRows } from '../readme/markdown'

const files = readdirSync(join(ROOT, 'example/recipes')).sort()
const rows = tableRows(readText('docs/recipes.md'), 'recipe')
const tests = readdirSync(__dirname)
  .filter((name) => name.endsWith('.test.ts') && name !== 'page.test.ts')
  .map((name) => readText(`test/world/recipes/${name}`))
  .join('\n')

describe('docs/recipes.md', () => {
  it('R52: docs/recipes.md lists every recipe once, with a link and a line', () => {
    expect(rows.map(([link]) => link).sort()).toEqual(files.map((name) => `[${name}](../example/recipes/${name})`))
    expect(rows.filter((cells) => cells.length !== 2 || cells.includes(''))).toEqual([])
  })

  it.each(files)('R52: the recipe %s has a test', (name) => {
    const recipe = name.replace(/\.m?ts$/, '')
    const forms = [`example/recipes/${recipe}'`, `example/recipes/${name}'`, `loadRecipe<Recipe>('${recipe}')`]
    const inTable = /describe\.each\(\[([^\]]*)\]\)\('example\/recipes\/%s'/.exec(tests)?.[1] ?? ''
    expect([...forms.map((form) => tests.includes(form)), inTable.includes(`'${recipe}'`)]).toContain(true)
  })

  it.each(files)('R52: the recipe %s is one idea, short enough to be read at once', (name) => {
    expect(readText(`example/recipes/${name}`).split('\n').length).toBeLessThanOrEqual(55)
  })
})
