/** The bytes of the heap that are in use when the garbage is gone; the process needs --expose-gc. */
export function heapAfterGc(): number {
  for (let pass = 0; pass < 3; pass++) globalThis.gc?.()
  return process.memoryUsage().heapUsed
}
