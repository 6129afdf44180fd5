import { deferred } from './interleave'

/** Holds code at a point that a test chooses: `pass` waits for `open`, and `reached` tells that the code is there. */
export interface Gate {
  /** Called by the code that is to be held. */
  pass: () => Promise<void>
  /** Resolves when the code waits. */
  reached: Promise<void>
  open: () => void
}

export function createGate(): Gate {
  const opened = deferred()
  const arrived = deferred()
  return {
    pass: () => {
      arrived.resolve()
      return opened.promise
    },
    reached: arrived.promise,
    open: opened.resolve,
  }
}
