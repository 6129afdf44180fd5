import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { buildSync } from 'esbuild'
import { evaluate } from '../../promises/decorators/compilers'

const FOLDER = join(__dirname, '../../../example/recipes')

/** What a recipe exports; an ES module is made CommonJS first, with the packages that are ES modules in it. */
export function loadRecipe<Exports>(name: string): Exports {
  if (existsSync(join(FOLDER, `${name}.ts`))) return jest.requireActual<object>(join(FOLDER, `${name}.ts`)) as Exports
  const { outputFiles } = buildSync({
    entryPoints: [join(FOLDER, `${name}.mts`)],
    bundle: true,
    format: 'cjs',
    platform: 'node',
    write: false,
    external: ['koa', 'koa-session-service', 'reflect-metadata'],
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
    // What tells whether an ES module is run as the main one is not there in CommonJS: it is not.
    logOverride: { 'empty-import-meta': 'silent' },
  })
  return evaluate(outputFiles[0].text)
}
