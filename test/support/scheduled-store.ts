import type { Scheduler } from 'fast-check'
import type { Context } from 'koa'
import type { SessionRecord } from 'koa-session-service'
import type { FullStore } from './conditional-backends'

/** A call of the store, and the path of the request that it was made for. */
export interface StoreCall {
  path: string
  method: keyof FullStore
  key: string
  answer: unknown
}

/**
 * A store whose every call waits until a scheduler lets it through, one at a time: each is a point where requests can
 * interleave. `calls` lists them as they took effect.
 */
export class ScheduledStore implements FullStore {
  readonly calls: StoreCall[] = []
  readonly #store: FullStore
  readonly #onCall: () => void
  #scheduler: Scheduler | undefined

  /** @param onCall called before each call, such as to let time pass */
  constructor(store: FullStore, onCall: () => void = () => undefined) {
    this.#store = store
    this.#onCall = onCall
  }

  /** Does the work with every call in an order of the scheduler's choice, and answers its result. */
  async race<T>(scheduler: Scheduler, work: () => Promise<T>): Promise<T> {
    this.#scheduler = scheduler
    try {
      return await scheduler.waitFor(work(), async (release) => {
        await everyoneWaits()
        await release()
      })
    } finally {
      this.#scheduler = undefined
    }
  }

  get(...call: Parameters<FullStore['get']>) {
    return this.#call('get', call[0], call[2].ctx, () => this.#store.get(...call))
  }

  set(...call: Parameters<FullStore['set']>) {
    return this.#call('set', call[0], call[3].ctx, () => this.#store.set(...call))
  }

  read(...call: Parameters<FullStore['read']>) {
    return this.#call('read', call[0], call[1].ctx, () => this.#store.read(...call))
  }

  create(...call: Parameters<FullStore['create']>) {
    return this.#call('create', call[0], call[3].ctx, () => this.#store.create(...call))
  }

  replace(...call: Parameters<FullStore['replace']>) {
    return this.#call('replace', call[0], call[4].ctx, () => this.#store.replace(...call))
  }

  touch(...call: Parameters<FullStore['touch']>) {
    return this.#call('touch', call[0], call[3].ctx, () => this.#store.touch(...call))
  }

  destroy(...call: Parameters<FullStore['destroy']>) {
    return this.#call('destroy', call[0], call[1].ctx, () => this.#store.destroy(...call))
  }

  async #call<T>(method: keyof FullStore, key: string, ctx: Context, work: () => T | PromiseLike<T>): Promise<T> {
    const { path } = ctx
    const run = async () => {
      this.#onCall()
      const answer = await work()
      this.calls.push({ path, method, key, answer })
      return answer
    }
    return this.#scheduler ? inTurn(this.#scheduler, `${path} ${method} ${key.slice(-3)}`, run) : run()
  }
}

/** Runs the work when the scheduler comes to it, which then waits for its end. */
function inTurn<T>(scheduler: Scheduler, label: string, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const builder = () => work().then((answer) => (resolve(answer), outcomeOf(answer)), reject)
    scheduler.scheduleSequence([{ label, builder }])
  })
}

/** What a failed property prints of an answer. */
function outcomeOf(answer: unknown): unknown {
  const { outcome, record } = (answer ?? {}) as { outcome?: string; record?: SessionRecord }
  return outcome ?? (record ? ('_next' in record ? 'pointer' : 'record') : typeof answer === 'object' ? 'done' : answer)
}

/** Until nothing happens any more, so that each request waits for the store or for its turn. */
async function everyoneWaits(): Promise<void> {
  for (let round = 0; round < 3; round++) await new Promise(setImmediate)
}
