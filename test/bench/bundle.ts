import { build } from 'esbuild'
import { join } from 'node:path'

/** The project, seen from the compiled file. */
const PROJECT = join(__dirname, '../../../..')
const TARGET = 100_000

export interface BundleSize {
  program: string
  /** What is in its bundle, minified, beside Koa. */
  bytes: number
  target?: number
}

const program = (first: string, use: string): string =>
  `${first}\nimport Koa from 'koa'\nconst app = new Koa()\napp.keys = ['a long random secret']\n${use}\napp.listen(3000)`

/** How many bytes esbuild makes of the smallest program that has sessions. */
export async function measureBundles(): Promise<BundleSize[]> {
  const alone = await sizeOf(program('', ''))
  const ours = await sizeOf(program("import { session } from 'koa-session-service'", 'app.use(session({}, app))'))
  const theirs = await sizeOf(program("import session from 'koa-session'", 'app.use(session({}, app))'))
  return [
    { program: 'koa-session', bytes: theirs - alone },
    { program: 'ours', bytes: ours - alone, target: TARGET },
  ]
}

async function sizeOf(contents: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: PROJECT },
    alias: { 'koa-session-service': join(PROJECT, 'dist/esm/index.mjs') },
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    write: false,
  })
  return outputFiles[0].contents.length
}
