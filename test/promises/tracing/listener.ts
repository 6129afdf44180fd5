import { tracingChannel } from 'node:diagnostics_channel'
import type { SessionTrace, TracedOperation } from 'koa-session-service'

export const OPERATIONS: readonly TracedOperation[] = ['load', 'commit', 'regenerate', 'destroy', 'store']
const STAGES = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const

interface Heard {
  stage: (typeof STAGES)[number]
  /** The object that was published, and what was in it then. */
  trace: SessionTrace
  then: SessionTrace
}

/** Hears every stage of the channels. */
export class TraceListener {
  readonly heard: Heard[] = []
  readonly #operations: readonly TracedOperation[]
  readonly #subscribers = Object.fromEntries(
    STAGES.map((stage) => [
      stage,
      (message: unknown) => {
        const trace = message as SessionTrace
        this.heard.push({ stage, trace, then: { ...trace } })
      },
    ]),
  ) as Record<Heard['stage'], (message: unknown) => void>

  constructor(operations = OPERATIONS) {
    this.#operations = operations
    for (const name of operations) channel(name).subscribe(this.#subscribers)
  }

  stop(): void {
    for (const name of this.#operations) channel(name).unsubscribe(this.#subscribers)
  }

  /** What was traced, in the order in which it began; forgets it. */
  traces(): SessionTrace[] {
    const all = new Set(this.heard.splice(0).map(({ trace }) => trace))
    return [...all]
  }

  /** The operations and outcomes, such as `load found` and `store read found`. */
  outcomes(): string[] {
    return this.traces().map(({ operation, method, outcome }) => [operation, method, outcome].filter(Boolean).join(' '))
  }
}

function channel(name: TracedOperation) {
  return tracingChannel<object, object>(`koa-session-service:${name}`)
}
