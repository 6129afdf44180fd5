import { heapInUse } from '../../support/heap'
import { createTargets, fuzzCookies } from './cookies'

/** How much more the heap may hold afterwards, in bytes: what is remembered of cookies is bounded. */
const MAX_GROWTH = 4 * 2 ** 20

/** `npm run fuzz -- [count] [seed]`: hostile cookies by the million. Fails where one is accepted, or memory is not given back. */
async function main(): Promise<void> {
  const [count = 1_000_000, seed = 1] = process.argv.slice(2).map(Number)
  const targets = await createTargets()
  await fuzzCookies({ seed: 0, count: Math.min(count, 20_000), targets })
  const before = heapInUse()
  const start = process.hrtime.bigint()
  const { findings, ...figures } = await fuzzCookies({ seed, count, targets })
  const growth = heapInUse() - before
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  const { tried, accepted, serverErrors, unchanged, written, lost } = figures
  console.log(`seed ${seed}, ${seconds.toFixed(0)} s`)
  console.log(`tried:         ${tried} (${unchanged} of them present a visitor's own session)`)
  console.log(`accepted:      ${accepted}`)
  console.log(`server errors: ${serverErrors}`)
  console.log(`written:       ${written}`)
  console.log(`lost:          ${lost}`)
  console.log(`heap growth:   ${(growth / 2 ** 20).toFixed(1)} MB`)
  for (const finding of findings) console.log(finding)
  if (accepted + serverErrors + written + lost > 0 || growth > MAX_GROWTH) process.exitCode = 1
}

void main()
