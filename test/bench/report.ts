import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import type { Cost } from './harness'
import type { Scenario } from './scenarios'

/** What cannot be told from no overhead at all, in microseconds. */
const NOT_MEASURABLE = 1.5
/** Where the sources are, seen from the compiled file. */
const FOLDER = join(__dirname, '..', '..')

/** One line of the table: what was measured, and what was to be reached. */
export interface Row {
  scenario: string
  reference: string
  /** Overheads in microseconds, of ours and of the reference. */
  micros: number
  referenceMicros: number
  /** Ours as a share of the reference's. */
  share: number
  target: number | 'not measurable'
  isMet: boolean
  floor?: number
  peers: Record<string, number>
}

export function rowOf({ name, reference, target }: Scenario, costs: Cost[]): Row {
  const costOf = (wanted: string): Cost | undefined => costs.find((cost) => cost.name === wanted)
  const ours = costOf('ours') as Cost
  const known = ['ours', 'floor', reference]
  return {
    scenario: name,
    reference,
    micros: ours.micros,
    referenceMicros: costOf(reference)?.micros ?? NaN,
    share: ours.ratio,
    target: target ?? 'not measurable',
    isMet: target === undefined ? ours.micros < NOT_MEASURABLE : ours.ratio <= target,
    floor: costOf('floor')?.ratio,
    peers: Object.fromEntries(
      costs.filter((cost) => !known.includes(cost.name)).map((cost) => [cost.name, cost.ratio]),
    ),
  }
}

/** The table in Markdown. */
export function toTable(rows: Row[]): string {
  const head = ['scenario', 'ours, µs', 'reference, µs', 'share', 'target', 'met', 'floor', 'others']
  const lines = rows.map((row) => [
    row.scenario,
    row.micros.toFixed(1),
    `${row.referenceMicros.toFixed(1)} (${row.reference})`,
    row.share.toFixed(2),
    typeof row.target === 'number' ? row.target.toFixed(2) : row.target,
    row.isMet ? 'yes' : 'no',
    row.floor?.toFixed(2) ?? '',
    Object.entries(row.peers)
      .map(([name, share]) => `${name} ${share.toFixed(2)}`)
      .join(', '),
  ])
  return markdown(head, lines)
}

/** A table whose columns are aligned in the source, as prettier aligns them. */
export function markdown(head: string[], lines: string[][]): string {
  const widths = head.map((title, column) => Math.max(3, title.length, ...lines.map((line) => line[column].length)))
  const row = (cells: string[]): string => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`
  return [row(head), row(widths.map((width) => '-'.repeat(width))), ...lines.map(row)].join('\n')
}

/** Writes results.json and results.md. */
export function writeReport(rows: Row[]): void {
  const machine = `Node ${process.version}, ${cpus().length} × ${cpus()[0].model}`
  writeFileSync(join(FOLDER, 'results.json'), `${JSON.stringify({ machine, rows }, undefined, 2)}\n`)
  writeFileSync(join(FOLDER, 'results.md'), `${machine}\n\n${toTable(rows)}\n`)
}
