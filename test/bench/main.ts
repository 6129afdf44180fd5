import { readFlags } from './flags'
import { measure } from './harness'
import { rowOf, toTable, writeReport, type Row } from './report'
import { SCENARIOS } from './scenarios'

const FULL = { rounds: 15, ms: 100 }
const QUICK = { rounds: 9, ms: 50 }

async function main(): Promise<void> {
  const flags = readFlags()
  const turns = flags.quick ? QUICK : FULL
  const rows: Row[] = []
  for (const scenario of SCENARIOS.filter(({ name }) => name.includes(flags.only))) {
    const compared = scenario.mode === 'sealed' ? ['ours'] : ['ours', 'floor']
    const peers = flags.quick ? [] : scenario.peers
    const costs = await measure(scenario, [scenario.reference, ...compared, ...peers], {
      ...turns,
      rounds: flags.rounds ?? turns.rounds,
    })
    const row = rowOf(scenario, costs)
    rows.push(row)
    console.error(`${row.scenario}: ${row.share.toFixed(2)} of ${row.reference}`)
  }
  writeReport(rows)
  console.log(toTable(rows))
}

void main()
