import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { MODULES } from '../package/packed'

/** Bun's program: its package's script takes it out of the package for this machine's kind, where npm runs scripts. */
export function findBun(): string | undefined {
  const folder = join(MODULES, '@oven')
  const names = existsSync(folder) ? readdirSync(folder) : []
  const programs = [join(MODULES, '.bin/bun'), ...names.map((name) => join(folder, name, 'bin/bun'))]
  return programs.find((program) => spawnSync(program, ['--version']).status === 0)
}
