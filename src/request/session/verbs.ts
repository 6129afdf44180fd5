import { ObservedPromise, unobserved } from '../../base/observed-promise'
import type { Stage } from '../scope/stage'

/** A verb that has failed, and its error. */
interface Failure {
  readonly verb: ObservedPromise<unknown>
  readonly error: unknown
}

/** The request that the verbs are called in. */
interface Served {
  readonly scope: { readonly stage: Pick<Stage, 'isServing'> }
  /** Told of a failure that nobody asks for. */
  reportError(error: unknown): void
}

/**
 * The verbs of a request: the middleware waits for those that are under way, whether or not the handler does. A failure that
 * nobody has asked for is told once.
 */
export class Verbs {
  readonly #served: Served
  readonly #pending = new Set<Promise<unknown>>()
  #failures: Failure[] = []
  #hasReported = false

  constructor(served: Served) {
    this.#served = served
  }

  /** Whether any was called whose end nobody has waited for yet. */
  get areLeft(): boolean {
    return this.#pending.size > 0 || this.#failures.length > 0
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    const verb = ObservedPromise.of(work(), (done, failure) => {
      this.#pending.delete(done)
      if (failure) this.#note({ verb: done, ...failure })
    })
    this.#pending.add(verb)
    return verb
  }

  /**
   * Waits for all that are under way.
   *
   * @throws the first error that nobody has asked for
   */
  async settle(): Promise<void> {
    while (this.#pending.size > 0) await Promise.race(Array.from(this.#pending, settled))
    const [lost, ...others] = this.#failures.filter(isLost)
    this.#failures = []
    for (const { error } of others) this.#served.reportError(error)
    if (lost) throw lost.error
  }

  #note(failure: Failure): void {
    if (this.#served.scope.stage.isServing) return void this.#failures.push(failure)
    setImmediate(() => {
      // A listener may call a verb again, which fails again.
      if (!isLost(failure) || this.#hasReported) return
      this.#hasReported = true
      this.#served.reportError(failure.error)
    })
  }
}

function isLost({ verb }: Failure): boolean {
  return !verb.isObserved
}

function settled(verb: Promise<unknown>): Promise<void> {
  return unobserved(verb).then(
    () => undefined,
    () => undefined,
  )
}
