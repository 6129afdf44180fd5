interface Timer {
  readonly handle: Partial<NodeJS.Timeout>
  /** Whose timer it is. */
  readonly setTimeout: typeof setTimeout
  readonly clear: () => void
}

/**
 * One timer. A test may put fake timers in, or take them out: a timer of the others may never fire, so it does not count as set
 * any more.
 */
export class Alarm {
  readonly #ring: () => void
  #timer: Timer | undefined

  constructor(ring: () => void) {
    this.#ring = ring
  }

  get isSet(): boolean {
    return this.#timer?.setTimeout === setTimeout
  }

  /** Rings once, after so many milliseconds and not before; what was set is forgotten. */
  set(delay: number): void {
    this.clear()
    const handle = setTimeout(() => {
      this.#timer = undefined
      this.#ring()
    }, Math.ceil(delay))
    const clear = clearTimeout
    this.#timer = { handle, setTimeout, clear: () => clear(handle) }
  }

  clear(): void {
    this.#timer?.clear()
    this.#timer = undefined
  }

  /** Keeps the process alive until it rings. */
  ref(): void {
    this.#timer?.handle.ref?.()
  }

  unref(): void {
    this.#timer?.handle.unref?.()
  }
}

/** Whether timers fire when a test says so: those of jest, sinon and vitest tell. */
export function hasFakeTimers(): boolean {
  return 'clock' in setTimeout
}
