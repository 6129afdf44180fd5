/** Holds code at a point that a test chooses: `pass` waits for `open`, and `reached` tells that the code is there. */
export interface Gate {
  /** Called by the code that is to be held. */
  pass: () => Promise<void>
  /** Resolves when the code waits. */
  reached: Promise<void>
  open: () => void
}

export function createGate(): Gate {
  let open!: () => void
  let arrive!: () => void
  const opened = new Promise<void>((resolve) => (open = resolve))
  const reached = new Promise<void>((resolve) => (arrive = resolve))
  return {
    pass: () => {
      arrive()
      return opened
    },
    reached,
    open,
  }
}
