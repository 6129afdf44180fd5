import { isPromise, type Awaitable } from '../base/awaitable'
import type { EndStore } from '../contracts/end-store'
import type { Asking, Call } from './asking'

/** Makes a call of the store: what it throws is a SessionError. */
export type Guarded = <T>(work: () => Awaitable<T>) => Awaitable<T>

/** Makes the calls of some work: at once, as long as the answers are there. */
export function runOn<T>(store: EndStore, guarded: Guarded, work: Asking<T>): Awaitable<T> {
  let step = work.next()
  while (!step.done) {
    let answer: unknown
    try {
      answer = make(store, guarded, step.value)
    } catch (error) {
      step = work.throw(error)
      continue
    }
    if (isPromise(answer)) return goOn(store, guarded, work, answer)
    step = work.next(answer)
  }
  return step.value
}

async function goOn<T>(store: EndStore, guarded: Guarded, work: Asking<T>, first: PromiseLike<unknown>): Promise<T> {
  let pending = first
  for (;;) {
    const settled = await Promise.resolve(pending).then(
      (answer) => () => work.next(answer),
      (error: unknown) => () => work.throw(error),
    )
    const step = settled()
    if (step.done) return step.value
    pending = Promise.resolve().then(() => make(store, guarded, step.value))
  }
}

function make(store: EndStore, guarded: Guarded, call: Call): Awaitable<unknown> {
  if (call.do === 'set') return guarded(() => store.setEnd(call.key, call.options))
  return guarded(() => store.readEnds(call.keys, call.after && { after: call.after }))
}
