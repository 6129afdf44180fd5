import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Consumer } from '../package/consumer'
import { ENVIRONMENT, MODULES } from '../package/packed'
import { findBun } from '../runtimes/bun'

/** The bundlers, and the ending of what each writes. */
export const BUNDLERS = {
  'esbuild to CommonJS': 'cjs',
  'esbuild to ES modules': 'mjs',
  'rollup to CommonJS': 'cjs',
  'rollup to ES modules': 'mjs',
  webpack: 'cjs',
  vite: 'mjs',
  'bun build': 'mjs',
}

export type Bundler = keyof typeof BUNDLERS

interface BundleOptions {
  /** Packages that are left out. */
  external?: string[]
  minify?: boolean
}

/** Bundles a file of the project, in a process that sees only what the project has; answers the name of what it wrote. */
export function bundle(
  { folder }: Consumer,
  bundler: Bundler,
  entry: string,
  { external = [], minify = false }: BundleOptions = {},
): string {
  const file = `${entry}-${bundler.replaceAll(' ', '-')}.${BUNDLERS[bundler]}`
  const script = join(__dirname, 'apps/build.mjs')
  execFileSync(process.execPath, [script, bundler, join(folder, entry), join(folder, file), ...external], {
    cwd: folder,
    env: { ...ENVIRONMENT, MODULES, BUN: findBun(), MINIFY: String(minify) },
    stdio: 'pipe',
  })
  return file
}

/** How many bytes esbuild makes of the code, minified. */
export function minified(consumer: Consumer, name: string, code: string, external: string[] = []): number {
  consumer.write(name, code)
  const file = bundle(consumer, 'esbuild to ES modules', name, { external, minify: true })
  return statSync(join(consumer.folder, file)).size
}
