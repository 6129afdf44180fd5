import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'

/** Where the sources are, seen from the compiled file. */
const FOLDER = join(__dirname, '..', '..')

/** Writes a file beside the benchmark's sources. */
export function save(name: string, text: string): void {
  writeFileSync(join(FOLDER, name), `${text}\n`)
}

/** Keeps what was measured as Markdown and as JSON, with the machine that it was measured on. */
export function publish(name: string, text: string, data: object): void {
  const machine = `Node ${process.version}, ${cpus().length} × ${cpus()[0].model}`
  save(`${name}.json`, JSON.stringify({ machine, ...data }, undefined, 2))
  save(`${name}.md`, `${machine}\n\n${text}`)
}

/** Says what is short of its target, and lets the process fail for it. */
export function failFor(short: string[]): void {
  if (short.length === 0) return
  console.error(`\nShort of the target:\n${short.map((line) => `  ${line}`).join('\n')}`)
  process.exitCode = 1
}
