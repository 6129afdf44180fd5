import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { buildSync } from 'esbuild'

const ROOT = join(__dirname, '../..')

/**
 * Runs a file of tests under `node --test`, in a process of its own, and returns what it reports.
 *
 * @param file absolute, or as it is in the project
 * @param variables further ones of the environment
 */
export async function runNodeTests(file: string, variables: NodeJS.ProcessEnv = {}): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'koa-session-service-tests-'))
  const outfile = join(folder, basename(file).replace(/\.ts$/, '.cjs'))
  buildSync({
    entryPoints: [join(file.startsWith('/') ? '' : ROOT, file)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    alias: {
      'koa-session-service': join(ROOT, 'src/index.ts'),
      'koa-session-service/testing': join(ROOT, 'src/testing.ts'),
    },
    external: ['koa', 'supertest', 'playwright-core'],
    nodePaths: [join(ROOT, 'node_modules')],
    tsconfigRaw: {},
    // The main door exports as CommonJS does, which a bundle takes for a slip.
    logLevel: 'error',
  })
  const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...environment } = process.env
  const env = { ...environment, NODE_PATH: join(ROOT, 'node_modules'), ...variables }
  try {
    const args = ['--test', '--test-reporter=tap', outfile]
    return (await promisify(execFile)(process.execPath, args, { env })).stdout
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
