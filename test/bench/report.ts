import type { Cost } from './harness'
import type { Times } from './exchange'
import { BARE, type Rate } from './loopback'
import { markdown } from './markdown'
import type { Scenario } from './scenarios'

/** What cannot be told from no overhead at all, in microseconds. */
const NOT_MEASURABLE = 1.5

/** The share of bare Koa's requests a second to reach. */
const RATE_TARGET = 0.55

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

export interface Report {
  clock: keyof Times
  rows: Row[]
  rates: Rate[]
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

function tableOfRows(rows: Row[]): string {
  const head = ['scenario', 'ours, µs', 'reference, µs', 'share', 'target', 'met', 'floor', 'others']
  const lines = rows.map((row) => [
    row.scenario,
    row.micros.toFixed(1),
    `${row.referenceMicros.toFixed(1)} (${row.reference})`,
    shareOf(row, row.share),
    typeof row.target === 'number' ? row.target.toFixed(2) : row.target,
    row.isMet ? 'yes' : 'no',
    row.floor === undefined ? '' : shareOf(row, row.floor),
    Object.entries(row.peers)
      .map(([name, share]) => `${name} ${shareOf(row, share)}`)
      .join(', '),
  ])
  return markdown(head, lines)
}

/** A share of something, unless that is too small to be told from nothing. */
function shareOf({ referenceMicros }: Row, share: number): string {
  return referenceMicros < NOT_MEASURABLE ? '–' : share.toFixed(2)
}

function tableOfRates(rates: Rate[]): string {
  const head = ['over loopback, read 100 B', 'requests a second', `share of ${BARE}`, 'target', 'met']
  const lines = rates.map(({ name, perSecond, share }) => {
    const goal = name === 'ours' ? [RATE_TARGET.toFixed(2), share >= RATE_TARGET ? 'yes' : 'no'] : ['', '']
    return [name, perSecond.toFixed(0), share.toFixed(2), ...goal]
  })
  return markdown(head, lines)
}

/** The tables in Markdown. */
export function toText({ clock, rows, rates }: Report): string {
  const note = `Overheads of a request over its bare framework, ${clock === 'cpu' ? "the processor's time" : 'by the clock'}.`
  return [note, rows.length > 0 ? tableOfRows(rows) : '', rates.length > 0 ? tableOfRates(rates) : '']
    .filter(Boolean)
    .join('\n\n')
}
