import { measureBundles } from './bundle'
import { readFlags } from './flags'
import { measure } from './harness'
import { measureRates } from './loopback'
import { failFor, publish } from './output'
import { rowOf, shortOf, toText, type Report } from './report'
import { SCENARIOS, type Scenario } from './scenarios'
import type { Turns } from './turns'

const FULL = { generations: 7, rounds: 7, ms: 60, warmUp: 6000, loopbackRounds: 7 }
const QUICK = { generations: 3, rounds: 5, ms: 40, warmUp: 3000, loopbackRounds: 3 }

async function main(): Promise<void> {
  const { quick, only, rounds, wall } = readFlags()
  const clock = wall ? 'wall' : 'cpu'
  const turns: Turns & typeof FULL = {
    clock,
    ...(quick ? QUICK : FULL),
    ...(rounds === undefined ? {} : { rounds, loopbackRounds: rounds }),
  }
  const report: Report = { clock, rows: [], rates: [], bundles: [] }
  for (const scenario of SCENARIOS.filter(({ name }) => name.includes(only))) {
    const row = rowOf(scenario, await measure(scenario, compared(scenario, quick), turns))
    report.rows.push(row)
    console.error(row.scenario)
  }
  if ('loopback'.includes(only)) report.rates = await measureRates(turns.loopbackRounds)
  if ('bundle'.includes(only)) report.bundles = await measureBundles()
  if (only === '') publish('results', toText(report), report)
  console.log(toText(report))
  failFor(shortOf(report))
}

function compared({ reference, measured, ends, peers }: Scenario, quick: boolean): string[] {
  if (measured) return [reference, measured]
  return [reference, 'ours', ...(ends ? [] : ['floor']), ...(quick ? [] : peers)]
}

void main()
