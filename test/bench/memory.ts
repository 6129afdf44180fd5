import { readFlags } from './flags'
import { FLAT_MAP, HOLDERS } from './holders'
import { markdown } from './markdown'
import { publish } from './output'
import { next, start } from './processes'
import { slope } from './statistics'

const SESSIONS = 100_000
const TARGET = 1.15
const EXPOSE_GC = ['--expose-gc']

interface Held {
  holder: string
  bytes: number
  /** How much it is to the bare Map's bytes. */
  ratio: number
}

interface Sample {
  requests: number
  heap: number
  isLast: boolean
}

interface Soak {
  mode: string
  samples: Sample[]
  /** The bytes that the heap grows by in a million requests, over the second half of them. */
  growth: number
}

async function measureHolders(): Promise<Held[]> {
  const measured: { holder: string; bytes: number }[] = []
  for (const holder of Object.keys(HOLDERS)) {
    const child = start('memory-child.js', [holder, SESSIONS], EXPOSE_GC)
    const { bytes } = (await next(child)) as { bytes: number }
    child.kill()
    measured.push({ holder, bytes })
  }
  const bare = measured.find(({ holder }) => holder === FLAT_MAP)!
  return measured.map((each) => ({ ...each, ratio: each.bytes / bare.bytes }))
}

async function soak(mode: string, requests: number): Promise<Soak> {
  const child = start('soak-child.js', [mode, requests], EXPOSE_GC)
  const samples: Sample[] = []
  do samples.push(await next(child))
  while (!samples.at(-1)?.isLast)
  child.kill()
  const settled = samples.slice(samples.length / 2)
  const growth = slope(settled.map(({ requests, heap }) => ({ x: requests / 1e6, y: heap })))
  return { mode, samples, growth }
}

async function main(): Promise<void> {
  const flags = readFlags()
  const held = await measureHolders()
  const tableOfHeld = markdown(
    [`${SESSIONS} sessions in`, 'bytes a session', 'share of the Map', 'target', 'met'],
    held.map(({ holder, bytes, ratio }) => {
      const goal = holder === 'MemoryStore' ? [TARGET.toFixed(2), ratio <= TARGET ? 'yes' : 'no'] : ['', '']
      return [holder, bytes.toFixed(0), ratio.toFixed(2), ...goal]
    }),
  )
  console.log(tableOfHeld)
  const requests = flags.soak ?? (flags.quick ? 200_000 : 10_000_000)
  const soaks = [await soak('cookie', requests), await soak('MemoryStore', requests)]
  const tableOfSoaks = markdown(
    ['soak', 'requests', 'heap at first, MB', 'heap at last, MB', 'growth, KB a million requests'],
    soaks.map(({ mode, samples, growth }) => {
      const [first, last] = [samples[0], samples.at(-1)!].map(({ heap }) => (heap / 1e6).toFixed(2))
      return [mode, String(requests), first, last, (growth / 1000).toFixed(1)]
    }),
  )
  console.log(`\n${tableOfSoaks}`)
  publish('memory', `${tableOfHeld}\n\n${tableOfSoaks}`, { held, soaks })
}

void main()
