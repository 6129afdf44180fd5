import { codeBlocks, readText } from '../readme/markdown'
import { Consumer } from './consumer'
import { PackedProject } from './packed'

jest.setTimeout(120_000)

const packed = new PackedProject()
const blocks = codeBlocks(readText('README.md'))
const program = blocks.find(({ language }) => language === 'ts')?.code ?? ''
const config = JSON.parse(blocks.find(({ code }) => code.includes('"compilerOptions"'))?.code ?? '{}') as object
const PACKAGES = [...Object.keys(packed.manifest.dependencies), 'koa', '@types/koa', '@types/node', '@types/cookies']

/** The program, which tells the port that it has got. */
const APP = program.replace(
  'app.listen(3000)',
  "const server = app.listen(0, '127.0.0.1', () => console.log(Object(server.address()).port))",
)

test.each(['typescript', 'typescript7'] as const)(
  'R52: the README’s first program compiles by %s with its tsconfig.json, starts and counts',
  async (by) => {
    const packages = Object.fromEntries(PACKAGES.map((name) => [name, name]))
    const consumer = new Consumer(`first-${by}`, 'commonjs', packed, packages)
    consumer.write('app.ts', APP)
    expect(consumer.compile(by, config)).toBe('')
    // The fourth request has an earlier cookie.
    const views = [1, 2, 3, 3, 4, 5, 6]
    expect(await consumer.visit('app.js')).toEqual(views.map((count) => `${count} views`))
  },
)
