// Bundles a file as its bundler's guide for servers says. Called with: bundler, entry, outfile, and the packages to leave out.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [bundler, entry, outfile, ...external] = process.argv.slice(2)
const require = createRequire(join(process.env.MODULES, 'package.json'))
const load = async (name) => import(pathToFileURL(require.resolve(name)))
const minify = process.env.MINIFY === 'true'
/** What esbuild's documentation has for packages that require parts of Node, in an ES module. */
const banner = { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" }

const esbuild = async (format) => {
  const { build } = await load('esbuild')
  const common = { bundle: true, platform: 'node', logLevel: 'error', external, minify, format }
  await build({ ...common, entryPoints: [entry], outfile, ...(format === 'esm' && { banner }) })
}

const rollup = async (format) => {
  const { rollup } = await load('rollup')
  const commonjs = (await load('@rollup/plugin-commonjs')).default
  const json = (await load('@rollup/plugin-json')).default
  const { nodeResolve } = await load('@rollup/plugin-node-resolve')
  const plugins = [nodeResolve({ preferBuiltins: true }), commonjs(), json()]
  const onwarn = ({ code, message }) => {
    if (['UNRESOLVED_IMPORT', 'MISSING_EXPORT'].includes(code)) throw new Error(message)
  }
  const bundle = await rollup({ input: entry, plugins, external, onwarn })
  await bundle.write({ file: outfile, format })
}

const webpack = async () => {
  const { default: webpack } = await load('webpack')
  const output = { path: dirname(outfile), filename: basename(outfile) }
  const externals = Object.fromEntries(external.map((name) => [name, `commonjs ${name}`]))
  const compiler = webpack({ entry, output, externals, target: 'node', mode: 'production', performance: false })
  const stats = await new Promise((resolve, reject) => {
    compiler.run((error, done) => (error ? reject(error) : resolve(done)))
  })
  if (stats.hasErrors()) throw new Error(stats.toString({ all: false, errors: true }))
}

const vite = async () => {
  const { build } = await load('vite')
  await build({
    root: dirname(entry),
    configFile: false,
    logLevel: 'error',
    ssr: { noExternal: true, external },
    build: {
      ssr: entry,
      outDir: dirname(outfile),
      emptyOutDir: false,
      minify,
      rollupOptions: { output: { entryFileNames: basename(outfile) } },
    },
  })
}

const bun = async () => {
  const args = [
    'build',
    entry,
    '--target=node',
    `--outfile=${outfile}`,
    ...external.map((name) => `--external=${name}`),
  ]
  const { status, stderr } = spawnSync(process.env.BUN, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
}

const builds = {
  'esbuild to CommonJS': () => esbuild('cjs'),
  'esbuild to ES modules': () => esbuild('esm'),
  'rollup to CommonJS': () => rollup('cjs'),
  'rollup to ES modules': () => rollup('es'),
  webpack,
  vite,
  'bun build': bun,
}
await builds[bundler]()
