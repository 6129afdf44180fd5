import { AsyncResource } from 'node:async_hooks'
import type { Scheduler } from 'fast-check'
import type { Context } from 'koa'
import type { OwnerIndexedStore, SessionRecord } from 'koa-session-service'
import type { FullStore } from '../backends/conditional-backends'

/** A call of the store, and the path of the request that it was made for. */
export interface StoreCall {
  path: string
  method: keyof FullStore | keyof OwnerIndexedStore
  key: string
  answer: unknown
  /** What the record that is written says of its token, and its generation. */
  secret?: string
  generation?: number
}

/** What becomes of a call: it fails before its effect or after it, as when the answer is lost. */
export type Fault = 'none' | 'before' | 'after'

/** The error of a call that was made to fail. */
class ConnectionLost extends Error {
  override name = 'ConnectionLost'
}

/**
 * A store whose every call waits until a scheduler lets it through, one at a time: each is a point where requests can
 * interleave. `calls` lists them as they took effect.
 */
export class ScheduledStore implements FullStore {
  readonly calls: StoreCall[] = []
  readonly #store: FullStore
  readonly #onCall: () => void
  /** Asked for each call while there is a race. */
  readonly #faultOf: (method: string, path: string) => Fault
  #scheduler: Scheduler | undefined

  /** @param onCall called before each call, such as to let time pass */
  constructor(
    store: FullStore,
    onCall: () => void = () => undefined,
    faultOf: (method: string, path: string) => Fault = () => 'none',
  ) {
    this.#store = store
    this.#onCall = onCall
    this.#faultOf = faultOf
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

  /**
   * The same for work that may wait for itself: tells whether it was done, or nobody asks the store for anything any more
   * and it still is not.
   */
  async raceUntilStill(scheduler: Scheduler, work: () => Promise<unknown>): Promise<'done' | 'waits'> {
    this.#scheduler = scheduler
    try {
      return await stepUntilStill(scheduler, work())
    } finally {
      this.#scheduler = undefined
    }
  }

  get(...call: Parameters<FullStore['get']>) {
    return this.call('get', call[0], call[2].ctx, () => this.#store.get(...call))
  }

  set(...call: Parameters<FullStore['set']>) {
    return this.call('set', call[0], call[3].ctx, () => this.#store.set(...call))
  }

  read(...call: Parameters<FullStore['read']>) {
    return this.call('read', call[0], call[1].ctx, () => this.#store.read(...call))
  }

  create(...call: Parameters<FullStore['create']>) {
    return this.call('create', call[0], call[3].ctx, () => this.#store.create(...call), call[1])
  }

  replace(...call: Parameters<FullStore['replace']>) {
    return this.call('replace', call[0], call[4].ctx, () => this.#store.replace(...call), call[1])
  }

  touch(...call: Parameters<FullStore['touch']>) {
    return this.call('touch', call[0], call[3].ctx, () => this.#store.touch(...call))
  }

  destroy(...call: Parameters<FullStore['destroy']>) {
    return this.call('destroy', call[0], call[1].ctx, () => this.#store.destroy(...call))
  }

  protected async call<T>(
    method: StoreCall['method'],
    key: string,
    { path }: Pick<Context, 'path'>,
    work: () => T | PromiseLike<T>,
    record?: SessionRecord,
  ): Promise<T> {
    // In the context of who calls, and not of the scheduler.
    const run = AsyncResource.bind(async (): Promise<T> => {
      this.#onCall()
      const fault = this.#scheduler ? this.#faultOf(method, path) : 'none'
      if (fault === 'before') throw new ConnectionLost('lost before its effect')
      const answer = await work()
      this.calls.push({ path, method, key, answer, secret: record?._secret, generation: record?._gen })
      if (fault === 'after') throw new ConnectionLost('lost after its effect')
      return answer
    })
    return this.#scheduler ? inTurn(this.#scheduler, `${path} ${method} ${key.slice(-3)}`, run) : run()
  }
}

/** The same with an index by owner, whose calls wait too: they are told no request. */
export class ScheduledOwnerStore extends ScheduledStore implements OwnerIndexedStore {
  readonly #owners: OwnerIndexedStore

  constructor(
    store: FullStore & OwnerIndexedStore,
    onCall?: () => void,
    faultOf?: (method: string, path: string) => Fault,
  ) {
    super(store, onCall, faultOf)
    this.#owners = store
  }

  listByOwner(...call: Parameters<OwnerIndexedStore['listByOwner']>) {
    return this.call('listByOwner', call[0], OWNERS, () => this.#owners.listByOwner(...call))
  }

  destroyByOwner(...call: Parameters<OwnerIndexedStore['destroyByOwner']>) {
    return this.call('destroyByOwner', call[0], OWNERS, () => this.#owners.destroyByOwner(...call))
  }

  readMark(...call: Parameters<OwnerIndexedStore['readMark']>) {
    return this.call('readMark', call[0], OWNERS, () => this.#owners.readMark(...call))
  }

  setMark(...call: Parameters<OwnerIndexedStore['setMark']>) {
    return this.call('setMark', call[0], OWNERS, () => this.#owners.setMark(...call))
  }
}

const OWNERS = { path: 'owner' }

/** Runs the work when the scheduler comes to it, which then waits for its end. */
function inTurn<T>(scheduler: Scheduler, label: string, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const builder = () => work().then((answer) => (resolve(answer), outcomeOf(answer)), reject)
    scheduler.scheduleSequence([{ label, builder }])
  })
}

async function stepUntilStill(scheduler: Scheduler, work: Promise<unknown>): Promise<'done' | 'waits'> {
  let isDone = false
  const noteDone = () => (isDone = true)
  work.then(noteDone, noteDone)
  while (!isDone) {
    await turns(10)
    // Nobody asks for anything: what is going on all the same is given time to show it.
    if (scheduler.count() === 0) await turns(60)
    if (isDone) break
    if (scheduler.count() === 0) return 'waits'
    await scheduler.waitNext(1)
  }
  return 'done'
}

/** What a failed property prints of an answer. */
function outcomeOf(answer: unknown): unknown {
  const { outcome, record } = (answer ?? {}) as { outcome?: string; record?: SessionRecord }
  return outcome ?? (record ? 'record' : typeof answer === 'object' ? 'done' : answer)
}

/** Until nothing happens any more, so that each request waits for the store or for its turn. */
function everyoneWaits(): Promise<void> {
  return turns(3)
}

/** Lets the event loop turn so often. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate)
}
