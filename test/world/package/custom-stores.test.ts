import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Consumer } from './consumer'
import { ENVIRONMENT, MODULES, PackedProject, ROOT } from './packed'

jest.setTimeout(120_000)

const packed = new PackedProject()
const packages = [...Object.keys(packed.manifest.dependencies), 'koa', 'vitest']
const consumer = new Consumer('custom', 'module', packed, Object.fromEntries(packages.map((name) => [name, name])))

/** The blocks of the page, by the path that their first line gives. */
const page = readFileSync(join(ROOT, 'docs/custom-stores.md'), 'utf8')
const blocks = new Map(Array.from(page.matchAll(/```js\n\/\/ (\S+)\n([^]*?)```/g), ([, path, text]) => [path, text]))
for (const [path, text] of blocks) consumer.write(path, text)
consumer.write('jest/jest.config.json', '{}')

/** Each test file, how it is started, and how it tells that so many tests have passed. */
const FILES: [path: string, parameters: string[], passed: RegExp][] = [
  ['vitest/store.spec.mjs', [join(MODULES, 'vitest/vitest.mjs'), 'run', '--dir', 'vitest'], /Tests +(\d+) passed/],
  ['node-test/store.test.mjs', ['--test', '--test-reporter=tap', 'node-test/store.test.mjs'], /# pass (\d+)/],
  ['mocha/store.spec.mjs', [join(MODULES, 'mocha/bin/mocha.js'), 'mocha/store.spec.mjs'], /(\d+) passing/],
  [
    'jest/store.test.mjs',
    ['--experimental-vm-modules', join(MODULES, 'jest/bin/jest.js'), '--rootDir', '.', 'jest/'],
    /Tests: +(\d+) passed/,
  ],
  ['other/store.spec.mjs', ['--test', '--test-reporter=tap', 'other/store.spec.mjs'], /# pass (\d+)/],
]

function run(parameters: string[]): { status: number | null; output: string } {
  const env = { ...ENVIRONMENT, NO_COLOR: '1' }
  const { status, stdout, stderr } = spawnSync(process.execPath, parameters, { cwd: consumer.folder, env })
  return { status, output: `${stdout.toString()}${stderr.toString()}` }
}

test('R82: docs/custom-stores.md has a store of some thirty lines, and a test file for each runner', () => {
  expect(Array.from(blocks.keys())).toEqual(['map-store.mjs', ...FILES.map(([path]) => path)])
  expect(blocks.get('map-store.mjs')?.trim().split('\n').length).toBeLessThanOrEqual(36)
})

test.each(FILES)(
  'R82: the test file %s passes with the store of docs/custom-stores.md',
  (_path, parameters, passed) => {
    const { status, output } = run(parameters)
    expect(Number(passed.exec(output)?.[1] ?? output)).toBeGreaterThan(20)
    expect(status).toBe(0)
  },
)

test('R82: the store of docs/custom-stores.md fails where it forgets to look at the revision', () => {
  const careless = blocks.get('map-store.mjs')?.replace('found.revision === revision ?', 'true ?') ?? ''
  consumer.write('map-store.mjs', careless)
  const { status, output } = run(FILES[1]?.[1] ?? [])
  expect(output).toContain('not ok')
  expect(output).toContain('replace writes nothing where another one has written')
  expect(status).not.toBe(0)
})
