import { fuzzCookies } from './cookies'

/** `npm run fuzz -- [count] [seed]`: hostile cookies by the million. */
async function main(): Promise<void> {
  const [count = 1_000_000, seed = 1] = process.argv.slice(2).map(Number)
  await fuzzCookies({ seed: 0, count: Math.min(count, 20_000) })
  const before = heap()
  const start = process.hrtime.bigint()
  const { findings, ...figures } = await fuzzCookies({ seed, count })
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  const { tried, accepted, serverErrors, unchanged, written, lost } = figures
  console.log(`seed ${seed}, ${seconds.toFixed(0)} s`)
  console.log(`tried:         ${tried} (${unchanged} of them present a visitor's own session)`)
  console.log(`accepted:      ${accepted}`)
  console.log(`server errors: ${serverErrors}`)
  console.log(`written:       ${written}`)
  console.log(`lost:          ${lost}`)
  console.log(`heap growth:   ${((heap() - before) / 2 ** 20).toFixed(1)} MB`)
  for (const finding of findings) console.log(finding)
  if (accepted + serverErrors + written + lost > 0) process.exitCode = 1
}

/** Bytes in use, after a collection where node runs with --expose-gc. */
function heap(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

void main()
