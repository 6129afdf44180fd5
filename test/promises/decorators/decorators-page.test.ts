import { transformSync } from 'esbuild'
import { Browser } from '../errors/server'
import { codeBlocks, readText } from '../../world/readme/markdown'
import { closePrograms, run } from '../../world/readme/run-block'
import { complaints, PROGRAM } from '../../world/readme/typescript'

afterEach(closePrograms)

const blocks = codeBlocks(readText('docs/decorators.md')).filter(({ language }) => language === 'ts')
const any = programUnder('`@session` in any class')
const injected = programUnder('Without metadata')

/** The one program of a section. */
function programUnder(section: string): string {
  const found = blocks.filter(({ title }) => title.startsWith(section))
  expect(found).toHaveLength(1)
  return found[0].code
}

/** As tsx and vite do it. */
function esbuild({ experimentalDecorators }: { experimentalDecorators: boolean }): (code: string) => string {
  const tsconfigRaw = { compilerOptions: { experimentalDecorators } }
  return (code) => transformSync(code, { loader: 'ts', format: 'cjs', target: 'es2022', tsconfigRaw }).code
}

test('R80: the class of the page compiles with standard decorators too', () => {
  expect(any).toContain('@session accessor')
  expect(complaints(any, { ...PROGRAM, experimentalDecorators: false, emitDecoratorMetadata: false })).toEqual([])
})

test.each([true, false])(
  'R80: the class of the page runs as esbuild compiles it, experimentalDecorators: %s',
  async (legacy) => {
    const browser = new Browser(await run(any, esbuild({ experimentalDecorators: legacy })))
    for (const cart of ['["tea"]', '["tea","tea"]']) expect((await browser.get()).body).toBe(cart)
  },
)

test('R80: a controller whose property is injected needs no metadata', async () => {
  const compile = esbuild({ experimentalDecorators: true })
  expect(compile(injected)).not.toContain('design:')
  const browser = new Browser(await run(injected, compile))
  await browser.get('/cart', { method: 'POST' })
  expect((await browser.get('/cart')).body).toBe('["tea"]')
})

test('R80: a controller whose constructor has a parameter needs metadata', async () => {
  const property = /@Inject\(\(\) => SessionService\)\s+private readonly sessions!: SessionService<Cart>/
  expect(injected).toMatch(property)
  const code = injected.replace(property, 'constructor(private readonly sessions: SessionService<Cart>) {}')
  const compile = esbuild({ experimentalDecorators: true })
  jest.spyOn(console, 'error').mockImplementation(() => undefined)
  const browser = new Browser(await run(code, compile))
  expect((await browser.get('/cart', { method: 'POST' })).status).toBe(500)
})
