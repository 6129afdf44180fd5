import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ENVIRONMENT, MODULES } from '../package/packed'
import { findBun } from './bun'

/** What the checks print or answer. */
export interface Result {
  passed: number
  failures: string[]
}

/** A program that runs JavaScript files, and what it is called with before the file's name. */
interface Runtime {
  name: string
  program: string | undefined
  args: string[]
}

/** The versions of Node that are supported; 20.0 lacks what later ones of its line have. */
const NODE_VERSIONS = ['20.0', '20', '22', '24', '26']

const isFast = process.env.FAST === '1'

export const RUNTIMES: Runtime[] = [
  ...NODE_VERSIONS.map((version) => ({ name: `Node ${version}`, program: nodeOf(version), args: [] })),
  { name: 'Bun', program: findBun(), args: [] },
  {
    name: 'Deno',
    program: existing(join(MODULES, '.bin/deno')),
    args: ['run', '--allow-all', '--node-modules-dir=manual', '--quiet'],
  },
]

/** Runs a file in a folder, and answers what it prints. */
export function run({ program = '', args }: Runtime, file: string, folder: string): string {
  return execFileSync(program, [...args, file], {
    cwd: folder,
    env: { ...ENVIRONMENT, DENO_NO_UPDATE_CHECK: '1' },
    encoding: 'utf8',
    stdio: 'pipe',
  })
}

/** Where npm has put this version of Node; it gets it from its registry when it is first asked. */
function nodeOf(version: string): string | undefined {
  if (isFast) return undefined
  try {
    const args = ['--yes', '--prefer-offline', `node@${version}`, '--print', 'process.execPath']
    return execFileSync('npx', args, { env: ENVIRONMENT, encoding: 'utf8', stdio: 'pipe' }).trim()
  } catch {
    return undefined
  }
}

function existing(path: string): string | undefined {
  return existsSync(path) ? path : undefined
}
