import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { heapAfterGc } from './heap'
import { HOLDERS } from './holders'
import { payload } from './payload'

const BYTES = 238

/** Fills a holder with sessions, and tells how many bytes of the heap each of them takes. */
async function fill(name: string, count: number): Promise<void> {
  const lifetime = { _expire: Date.now() + 86_400_000, _maxAge: 86_400_000 }
  const data = payload(BYTES - JSON.stringify(lifetime).length + 1)
  const textOf = (index: number): string => JSON.stringify({ ...data, count: 1_000_000 + index, ...lifetime })
  const keep = HOLDERS[name](count)
  const before = heapAfterGc()
  for (let index = 0; index < count; index++) {
    keep(randomUUID(), textOf(index))
    // A store that answers later has to come to it.
    if (index % 1000 === 0) await setTimeout(0)
  }
  await setTimeout(10)
  process.send?.({ bytes: (heapAfterGc() - before) / count, json: textOf(0).length })
  keep(randomUUID(), textOf(count))
}

process.on('disconnect', () => process.exit())
void fill(process.argv[2], Number(process.argv[3]))
