/**
 * Puts what tsc has compiled into one file. Node takes a third of a millisecond for each file that it loads, and the
 * library has a hundred: in one, it is imported in less time than koa-session.
 *
 * `dist/bundle.js` holds every module once, in a function that runs when it is first required, so that a subpath loads what
 * it needs and no class is there twice. The doors, which package.json names, hand out what is in it.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { build } from 'esbuild'

const require = createRequire(import.meta.url)
const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')
const { exports: subpaths } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

const doors = Object.values(subpaths)
  .filter((target) => target.require)
  .map((target) => target.require.replace('./dist/', ''))
// The names must be written out: by them, Node knows what an ES module can import by name.
const exported = new Map(doors.map((door) => [door, Object.keys(require(join(dist, door)))]))

const bundle = 'bundle.js'
await build({
  stdin: {
    contents: doors.map((door) => `exports[${JSON.stringify(door)}] = () => require('./${door}')`).join('\n'),
    resolveDir: dist,
  },
  outfile: join(dist, bundle),
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  packages: 'external',
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'warning',
})

// esbuild calls a class that uses itself `var MemoryStore = class _MemoryStore`: errors, logs and traces would show that name.
// A blank takes the place of the underscore, so that the map's columns stay true.
const bundled = readFileSync(join(dist, bundle), 'utf8')
const renamed = Array.from(bundled.matchAll(/\bvar (\w+) = class _\1\b/g), ([, name]) => name)
const itself = new RegExp(`(?<![\\w$])_(${renamed.join('|')})(?![\\w$])`, 'g')
if (renamed.length > 0) writeFileSync(join(dist, bundle), bundled.replace(itself, ' $1'))

// What only names the doors has no source that anybody could look at.
const map = JSON.parse(readFileSync(join(dist, `${bundle}.map`), 'utf8'))
map.sources = map.sources.map((source) => (source === '<stdin>' ? null : source))
writeFileSync(join(dist, `${bundle}.map`), JSON.stringify(map))

for (const path of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
  if (/\.m?js(\.map)?$/.test(path) && !path.endsWith('.mjs') && !path.startsWith(bundle)) rmSync(join(dist, path))
}
for (const [door, names] of exported) {
  const named = names.filter((name) => name !== 'default')
  const text = [
    '"use strict";',
    `module.exports = require("./${bundle}")["${door}"]();`,
    // What the function itself is by name, too: checkers of packages read it here.
    ...(named.length < names.length ? ['module.exports.default = module.exports;'] : []),
    `0 && (module.exports = { ${named.join(', ')} });`,
  ]
  writeFileSync(join(dist, door), `${text.join('\n')}\n`)
}
