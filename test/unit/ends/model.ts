import type { EndPoint, EndsAnswer, EndSet, KeyEnd, SetEndOptions } from '../../../src/contracts/end-store'
import {
  beginning,
  judging,
  setting,
  type Asking,
  type Begun,
  type Call,
  type Follower,
} from '../../../src/ends/asking'
import { EndMemory } from '../../../src/ends/end-memory'
import type { EndNews } from '../../../src/ends/following'
import type { Claim, Verdict } from '../../../src/ends/judgement'
import { endAt, maySpare, nextPosition } from '../../../src/ends/setting'

/**
 * Ends of sessions, tried without Koa and without stores: actors take steps in any order, and each step takes a
 * millisecond. A call of the store is two of them: it has its effect, and its answer comes. The decisions are the library's own.
 */

export const EVERYBODY = '*'

/** What a store of ends holds: a value that is replaced as a whole, so that it can go back. */
interface Rest {
  readonly born: number
  readonly ends: ReadonlyMap<string, KeyEnd>
  readonly log: readonly EndPoint[]
}

/** Sessions have short names, all other keys longer ones. */
const isSession = (key: string): boolean => key !== EVERYBODY && key.replace('+', '').length === 1

/** A session, as its cookie holds it. */
interface Held {
  readonly claim: Claim
  readonly keys: readonly string[]
  /** When the request came that it began with. */
  readonly began: number
  /** A key that it has taken since, and when that request came. */
  readonly took?: { readonly key: string; readonly began: number }
}

interface EndDone {
  readonly key: string
  readonly spares: string | undefined
  readonly later: boolean
  readonly began: number
  /** When it was acknowledged; undefined where the answer was lost. */
  acknowledged?: number
  /** When each process heard of it, or that it may have missed it. */
  readonly heard: (number | undefined)[]
}

interface Opened {
  readonly name: string
  readonly process: number
  readonly session: Held
  readonly began: number
  readonly verdict: Verdict | 'failed'
}

interface SignedIn {
  readonly name: string
  readonly keys: readonly string[]
  readonly began: number
  readonly outcome: 'in' | 'ended' | 'unsure' | 'failed'
}

interface Process extends Follower {
  readonly memory: EndMemory
}

/** How a world differs from the next. */
export interface Setting {
  maxStale: number
  /** Whether messages to the other process are lost. */
  losesMessages: boolean
  /** Whether an opening is let in that nobody can judge. */
  accepts: boolean
}

export class World {
  time = 1000
  /** How far the store's clock is ahead. */
  skew = 5000
  rest: Rest
  readonly actors: Actor[] = []
  readonly processes: Process[]
  readonly sessions = new Map<string, Held>()
  readonly ends: EndDone[] = []
  readonly opened: Opened[] = []
  readonly signedIn: SignedIn[] = []
  /** When the store was lost, or went back. */
  lostAt: number | undefined
  /** How often that was told. */
  losses = 0

  constructor(readonly setting: Setting) {
    this.rest = this.emptyRest()
    this.processes = [0, 1].map((index) => ({
      memory: new EndMemory(setting.maxStale, isSession, 50),
      clock: () => this.time + 70_000 * index,
      everybody: EVERYBODY,
      accepts: setting.accepts,
      failed: () => undefined,
      losses: 'losses',
      lost: () => void this.losses++,
      forgot: () => undefined,
    }))
  }

  emptyRest(): Rest {
    const born = nextPosition(0, this.time + this.skew)
    return { born, ends: new Map(), log: [{ position: born, key: '' }] }
  }

  /** What the store does with a call. */
  call(call: Call): EndsAnswer | EndSet | undefined {
    return call.do === 'read' ? this.#read(call.keys, call.after) : this.#set(call.key, call.options)
  }

  #read(keys: readonly string[], after: EndPoint | undefined): EndsAnswer {
    const { born, ends, log } = this.rest
    const last = log[log.length - 1]
    const found = keys.map((key) => ends.get(key))
    const answer = { born, last, now: this.time + this.skew, found }
    if (!after) return answer
    const news = log.filter(({ position }) => position > after.position)
    return {
      ...answer,
      news: news.map(({ key }) => [key, ends.get(key) as KeyEnd]),
      continues: log.some(({ position, key }) => position === after.position && key === after.key),
    }
  }

  #set(key: string, options: SetEndOptions): EndSet | undefined {
    const { ends, log } = this.rest
    const was = ends.get(key)
    if (!maySpare(was, options.spare)) return undefined
    const before = log[log.length - 1].position
    const now = this.time + this.skew
    const end = endAt(nextPosition(before, now), now, was, options)
    const point = { position: end.position, key }
    this.rest = { ...this.rest, ends: new Map([...ends, [key, end]]), log: [...log, point] }
    return { end, before, was }
  }
}

type Actor = Generator<string, void>
type Fault = 'before' | 'after' | undefined

/** Makes the calls of some work: each has its effect in one step, and its answer comes in another one. */
function* run<T>(world: World, work: Asking<T>, fault: Fault): Generator<string, T> {
  let input: unknown
  let failure: Error | undefined
  let isFirst = true
  for (;;) {
    const step = failure ? work.throw(failure) : work.next(input)
    if (step.done) return step.value
    yield 'effect'
    const now = isFirst ? fault : undefined
    isFirst = false
    if (now !== 'before') input = world.call(step.value)
    yield 'answer'
    failure = now ? new Error('lost') : undefined
  }
}

interface More {
  fault?: Fault
}

/** Somebody signs in with these keys; the session is known by the actor's name. */
export function* signIn(world: World, name: string, process: number, keys: string[], { fault }: More = {}): Actor {
  const follower = world.processes[process]
  yield 'sent'
  const began = world.time
  const arrival = { at: follower.clock(), floor: follower.memory.floor }
  const told = (outcome: SignedIn['outcome']): void => void world.signedIn.push({ name, keys, began, outcome })
  let begun: Begun
  try {
    begun = yield* run(world, beginning(follower, { taken: [...keys, EVERYBODY], arrival }), fault)
  } catch {
    return told('failed')
  }
  if (typeof begun === 'string') return told(begun)
  world.sessions.set(name, { claim: { id: name, since: begun.since }, keys: [name, ...keys, EVERYBODY], began })
  told('in')
}

/** A session takes another key. */
export function* take(world: World, name: string, process: number, key: string, { fault }: More = {}): Actor {
  const follower = world.processes[process]
  yield 'sent'
  const session = world.sessions.get(name)
  if (!session) return
  const began = world.time
  const arrival = { at: follower.clock(), floor: follower.memory.floor }
  try {
    const kept = { claim: session.claim, keys: session.keys }
    const begun = yield* run(world, beginning(follower, { taken: [key], kept, arrival }), fault)
    if (typeof begun === 'string') return
    const claim = { id: name, since: begun.since }
    const keys = [...session.keys, key]
    world.sessions.set(`${name}+`, { claim, keys, began: session.began, took: { key, began } })
    world.signedIn.push({ name: `${name}+`, keys: [key], began, outcome: 'in' })
  } catch {
    return
  }
}

/** Somebody presents the cookie of a session. */
export function* open(world: World, of: string, process: number, { fault }: More = {}): Actor {
  const follower = world.processes[process]
  yield 'sent'
  const session = world.sessions.get(of)
  if (!session) return
  const began = world.time
  const told = (verdict: Opened['verdict']): void =>
    void world.opened.push({ name: of, process, session, began, verdict })
  try {
    told(
      yield* run(
        world,
        judging(follower, session.claim, () => session.keys),
        fault,
      ),
    )
  } catch {
    told('failed')
  }
}

/** Somebody ends a key; a message goes to the other process. */
export function* end(
  world: World,
  key: string,
  process: number,
  { fault, later, spares }: More & { later?: true; spares?: string } = {},
): Actor {
  const follower = world.processes[process]
  yield 'sent'
  const spared = spares === undefined ? undefined : world.sessions.get(spares)
  if (spares !== undefined && !spared) return
  const spare = spared && { id: spared.claim.id as string, since: spared.claim.since as number }
  const done: EndDone = { key, spares, later: later === true, began: world.time, heard: [] }
  world.ends.push(done)
  let set: EndSet | undefined
  try {
    set = yield* run(world, setting(follower, key, { life: 1e9, spare, later }), fault)
  } catch {
    return
  }
  if (!set) return void world.ends.splice(world.ends.indexOf(done), 1)
  done.acknowledged = world.time
  done.heard[process] = world.time
  if (world.setting.losesMessages) return
  const news: EndNews = { key, before: set.before, ...set.end }
  world.actors.push(deliver(world, 1 - process, news, done))
}

function* deliver(world: World, process: number, news: EndNews, done: EndDone): Actor {
  yield 'on its way'
  world.processes[process].memory.hear(news)
  done.heard[process] = world.time
}

/** The bus says that messages may have been lost. */
export function* lose(world: World, process: number): Actor {
  yield 'lost'
  world.processes[process].memory.loseMessages()
  for (const done of world.ends) if (done.acknowledged !== undefined) done.heard[process] ??= world.time
}

/** The store loses all that it has. */
export function* wipe(world: World): Actor {
  yield 'wiped'
  world.lostAt = world.time
  world.rest = world.emptyRest()
}

/** The store goes back to what it was when the world began. */
export function* goBack(world: World): Actor {
  const { rest } = world
  yield 'gone back'
  if (world.rest !== rest) world.lostAt = world.time
  world.rest = rest
}

/** Lets actors take their steps one after the other, to the end. */
export function finish(world: World, ...actors: Actor[]): void {
  for (const actor of actors) while (!actor.next().done) world.time++
}

/** Takes one step: in an order that is given, and then whatever the explorer says. */
function step(world: World, index: number): boolean {
  world.time++
  return world.actors[index].next().done === true
}

/** Begins a world, and lets each actor come to its first step. */
function begin(make: () => World): { world: World; alive: Set<number> } {
  const world = make()
  const alive = new Set<number>()
  join(world, alive, 0)
  return { world, alive }
}

function join(world: World, alive: Set<number>, from: number): void {
  for (let index = from; index < world.actors.length; index++) if (!world.actors[index].next().done) alive.add(index)
}

function take1(world: World, alive: Set<number>, index: number): void {
  const before = world.actors.length
  if (step(world, index)) alive.delete(index)
  join(world, alive, before)
}

/** Tries orders of the steps, each in a world of its own: all, or up to `limit` of them. Returns how many. */
export function everyOrder(
  make: () => World,
  check: (world: World, order: number[]) => void,
  limit = Infinity,
): number {
  let count = 0
  const explore = (order: number[]): void => {
    if (count >= limit) return
    const { world, alive } = begin(make)
    for (const index of order) take1(world, alive, index)
    if (alive.size === 0) {
      count++
      return check(world, order)
    }
    for (const index of alive) explore([...order, index])
  }
  explore([])
  return count
}

/** Tries so many orders at random. */
export function someOrders(
  make: () => World,
  check: (world: World, order: number[]) => void,
  { count, random }: { count: number; random: () => number },
): void {
  for (let done = 0; done < count; done++) {
    const { world, alive } = begin(make)
    const order: number[] = []
    while (alive.size > 0) {
      const index = [...alive][Math.floor(random() * alive.size)]
      order.push(index)
      take1(world, alive, index)
    }
    check(world, order)
  }
}

/** What must not be. */
export function brokenIn(world: World): string[] {
  return [...openedAfterEnd(world), ...endedWithoutCause(world), ...toldTwice(world)]
}

/** R112: that the store was lost, or has gone back, is told once among all processes; who only reports cannot know of others. */
function toldTwice({ losses, lostAt, setting }: World): string[] {
  const most = setting.accepts ? Infinity : Number(lostAt !== undefined)
  return losses > most ? [`the loss of the store was told ${losses} times`] : []
}

/** E1: begun before an acknowledged end, and opened `maxStale` after it, or where it was heard of. */
function openedAfterEnd({ opened, ends, setting, lostAt }: World): string[] {
  return opened.flatMap(({ name, session, began, verdict, process }) => {
    if (verdict !== 'good') return []
    const broken = ends.filter(({ key, spares, later, acknowledged, began: ending, heard }) => {
      if (acknowledged === undefined || spares === nameOf(session)) return false
      // What a process has heard of holds there at once.
      if (Math.min(acknowledged + setting.maxStale, heard[process] ?? Infinity) > began) return false
      // Where the store cannot be asked, whoever accepts does.
      if (setting.accepts) return false
      // Memory may be used once more while the store is gone: `maxStale` counts from then on.
      if (lostAt !== undefined && lostAt + setting.maxStale > began) return false
      return session.keys.includes(key) && (later || beganWith(session, key) < ending)
    })
    return broken.map(({ key }) => `${name} was opened in process ${process} after the end of ${key}`)
  })
}

/** E2 and E3: what begins after an end lives, or is a 503; and so does what is spared. */
function endedWithoutCause({ opened, signedIn, ends, lostAt }: World): string[] {
  const hasCause = (keys: readonly string[], beganAt: (key: string) => number, of?: Held): boolean =>
    lostAt !== undefined ||
    ends.some(({ key, later, acknowledged = Infinity, spares }) => {
      return keys.includes(key) && (later || acknowledged > beganAt(key)) && !(of && spares === nameOf(of))
    })
  const voided = opened.filter(({ verdict, session }) => {
    const isRevoked = verdict === 'ended' || verdict === 'lost'
    return (
      isRevoked &&
      (verdict === 'lost' ? lostAt === undefined : !hasCause(session.keys, (key) => beganWith(session, key), session))
    )
  })
  const refused = signedIn.filter(
    ({ outcome, keys, began }) => outcome === 'ended' && !hasCause([...keys, EVERYBODY], () => began),
  )
  return [
    ...voided.map(({ name, verdict }) => `${name} is ${verdict} without a cause`),
    ...refused.map(({ name }) => `${name} was refused without a cause`),
  ]
}

function nameOf({ claim }: Held): string | undefined {
  return claim.id
}

/** When the request came with which a session began to carry a key. */
function beganWith({ began, took }: Held, key: string): number {
  return took?.key === key ? took.began : began
}
