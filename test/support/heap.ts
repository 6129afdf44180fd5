import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** The bytes that are in use when the garbage is gone: those of the heap, and what buffers hold beside it. */
export function heapInUse(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let pass = 0; pass < 3; pass++) collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
