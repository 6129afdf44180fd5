import type { Scheduler } from 'fast-check'
import type { Answer, Visitor } from '../app/app'
import type { FullStore } from '../backends/conditional-backends'
import { RacingApp, type RacingAppOptions } from './racing-app'
import { ScheduledStore, type StoreCall } from './scheduled-store'

/** How many interleavings each property tries, by default a short part of what `npm run campaign` does; a failure prints the seed and the order of the calls. */
export const RUNS = Number(process.env.RACE_RUNS ?? 50)

interface Setting extends Omit<RacingAppOptions, 'store'> {
  store: FullStore
  scheduler: Scheduler
  /** What is sent before the race. */
  before?: string[]
  /** What is sent at once, by browsers of one visitor. */
  paths: string[]
  /** Called before each call of the store. */
  onCall?: () => void
}

export interface Outcome {
  racing: RacingApp
  /** The visitor as they were before the race. */
  visitor: Visitor
  /** The browsers, each of which sent one of the paths. */
  browsers: Visitor[]
  answers: Answer[]
  /** The calls of the store during the race. */
  calls: StoreCall[]
}

/** Sends requests whose calls of the store are made in an order of the scheduler's choice. */
export async function race({ store, scheduler, before = [], paths, onCall, ...options }: Setting): Promise<Outcome> {
  const scheduled = new ScheduledStore(store, onCall)
  const { racing, visitor } = await RacingApp.open({ ...options, store: scheduled })
  for (const path of before) await visitor.get(path)
  scheduled.calls.length = 0
  const browsers = paths.map((_path, index) => racing.another(visitor, index))
  const sendAll = () => Promise.all(browsers.map((browser, index) => browser.get(paths[index])))
  const answers = await scheduled.race(scheduler, sendAll)
  return { racing, visitor, browsers, answers, calls: [...scheduled.calls] }
}

/** Whether a call changed what is under its key. */
export function hasEffect({ method, answer }: StoreCall): boolean {
  if (method === 'replace' || method === 'touch') return (answer as { outcome: string }).outcome === 'written'
  if (method === 'create') return answer !== undefined
  return method === 'destroy' && answer === true
}
