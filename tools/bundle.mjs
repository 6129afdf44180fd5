/**
 * Makes of the sources what is run. Node takes a third of a millisecond for each file that it loads, and the library has a
 * hundred: in few files, it is imported in less time than koa-session.
 *
 * - `dist/core.js` is all that the main door reaches, none of which needs an optional peer. Each other door is a file with what
 *   it adds. They are CommonJS, and the ES modules beside them hand on the same objects: Node has one copy of every class.
 * - `dist/esm` is the same as ES modules, one for each source, of which a bundler takes what an application reaches. Bundlers
 *   alone know the condition "module" of package.json; it is there for what is required, too, so that a bundle has one copy of
 *   every class as well.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { transform } from 'esbuild'
import { rollup } from 'rollup'

const root = join(import.meta.dirname, '..')
const source = join(root, 'src')
const dist = join(root, 'dist')
const MAIN = 'index'

const { exports: subpaths } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const doors = Object.values(subpaths)
  .filter((target) => target.require)
  .map((target) => target.require.default.replace(/^\.\/dist\/|\.js$/g, ''))

/** Finds the file that an import means, and takes the types out of it. */
const typescript = {
  name: 'typescript',
  resolveId: (target, from) => (from && target.startsWith('.') ? `${join(dirname(from), target)}.ts` : null),
  transform: (code, path) =>
    transform(code, {
      loader: 'ts',
      target: 'es2022',
      sourcemap: true,
      sourcefile: path,
      tsconfigRaw: { compilerOptions: { useDefineForClassFields: true } },
    }),
}

const bundle = await rollup({
  input: Object.fromEntries(doors.map((door) => [door, join(source, `${door}.ts`)])),
  external: (target) => !target.startsWith('.') && !target.startsWith(root),
  plugins: [typescript],
  onwarn: ({ message }) => {
    throw new Error(message)
  },
})

/** A file, and all of `src` that it imports, directly or not. */
function reachedFrom(path, { getModuleInfo }, reached = new Set()) {
  reached.add(path)
  for (const imported of getModuleInfo(path).importedIds) {
    if (imported.startsWith(source) && !reached.has(imported)) reachedFrom(imported, { getModuleInfo }, reached)
  }
  return reached
}

let core
const { output } = await bundle.write({
  dir: dist,
  format: 'cjs',
  exports: 'named',
  entryFileNames: '[name].js',
  chunkFileNames: '[name].js',
  manualChunks: (path, graph) => {
    core ??= reachedFrom(join(source, `${MAIN}.ts`), graph)
    return core.has(path) ? 'core' : undefined
  },
  hoistTransitiveImports: false,
  sourcemap: true,
  sourcemapExcludeSources: true,
  // `require('koa-session-service')` is createSession() itself, as the default export is, with everything else on it.
  outro: ({ name }) => (name === MAIN ? 'module.exports = Object.assign(exports.createSession, exports);' : ''),
})
await bundle.write({
  dir: join(dist, 'esm'),
  format: 'es',
  entryFileNames: '[name].mjs',
  preserveModules: true,
  preserveModulesRoot: source,
  hoistTransitiveImports: false,
})

for (const { name, exports: names } of output.filter(({ isEntry }) => isEntry)) {
  const named = names.filter((exported) => exported !== 'default')
  const handedOn = name === MAIN ? ['createSession as default', ...named] : named
  writeFileSync(join(dist, `${name}.mjs`), `export { ${handedOn.join(', ')} } from "./${name}.js";\n`)
}
const callable = [
  '"use strict";',
  'const all = require("./index.mjs");',
  'module.exports = Object.assign(all.createSession, all);',
]
writeFileSync(join(dist, 'esm', `${MAIN}.cjs`), `${callable.join('\n')}\n`)
