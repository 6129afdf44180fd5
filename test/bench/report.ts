import type { Cost } from './harness'
import type { BundleSize } from './bundle'
import type { Times } from './exchange'
import { BARE, type Rate } from './loopback'
import { markdown } from './markdown'
import type { Scenario } from './scenarios'

/** What cannot be told from no overhead at all, in microseconds. */
const NOT_MEASURABLE = 1.5

/** The share of bare Koa's requests a second to reach. */
const RATE_TARGET = 0.55

/** What is as near to the floor of its own run as this is met, whatever its target. */
const NEAR_FLOOR = 1.15

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
  bundles: BundleSize[]
}

export function rowOf({ name, reference, measured = 'ours', target }: Scenario, costs: Cost[]): Row {
  const costOf = (wanted: string): Cost | undefined => costs.find((cost) => cost.name === wanted)
  const ours = costOf(measured) as Cost
  const floor = costOf('floor')?.ratio
  const known = [measured, 'floor', reference]
  return {
    scenario: name,
    reference,
    micros: ours.micros,
    referenceMicros: costOf(reference)?.micros ?? NaN,
    share: ours.ratio,
    target: target ?? 'not measurable',
    isMet:
      target === undefined ? ours.micros < NOT_MEASURABLE : ours.ratio <= Math.max(target, NEAR_FLOOR * (floor ?? 0)),
    floor,
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

function tableOfBundles(bundles: BundleSize[]): string {
  const lines = bundles.map(({ program, bytes, target }) => {
    const goal = target === undefined ? ['', ''] : [String(target), bytes <= target ? 'yes' : 'no']
    return [program, String(bytes), ...goal]
  })
  return markdown(['in a bundle, minified, beside Koa', 'bytes', 'target', 'met'], lines)
}

/** What is short of its target, by name. */
export function shortOf({ rows, rates, bundles }: Report): string[] {
  const short = rows
    .filter(({ isMet }) => !isMet)
    .map((row) => `${row.scenario}: ${row.share.toFixed(2)}, not ${row.target}`)
  const slow = rates.filter(({ name, share }) => name === 'ours' && share < RATE_TARGET)
  const large = bundles.filter(({ bytes, target = Infinity }) => bytes > target)
  return [
    ...short,
    ...large.map(({ bytes, target }) => `in a bundle: ${bytes} bytes, not ${target}`),
    ...slow.map(({ share }) => `over loopback: ${share.toFixed(2)}, not ${RATE_TARGET}`),
  ]
}

/** The tables in Markdown. */
export function toText({ clock, rows, rates, bundles }: Report): string {
  const time = clock === 'cpu' ? "the processor's time" : 'by the clock'
  const note = `Overheads of a request over its bare framework, ${time}. Met is the target, or ${NEAR_FLOOR} of the floor.`
  return [
    note,
    rows.length > 0 ? tableOfRows(rows) : '',
    rates.length > 0 ? tableOfRates(rates) : '',
    bundles.length > 0 ? tableOfBundles(bundles) : '',
  ]
    .filter(Boolean)
    .join('\n\n')
}
