import type Koa from 'koa'
import { MemoryStore, session, type SessionOptions } from 'koa-session-service'
import { setCookieLines } from '../../../src/cookies/cookie-lines'
import { contextOf } from '../../../src/testing-helpers/made-request'
import { createApp } from '../app/app'

/**
 * Browsers that work for hours with the real middleware, on a clock that the simulation sets. What has a length has one of its
 * own: the way to the server, the way back, what a proxy holds back. Each number is drawn from a seed.
 */

const SECOND = 1000
export const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
/** So long after a takeover no request that was under way comes any more. */
const LATE = 35 * SECOND
const EVERY = 10 * MINUTE
/** What browsers ask for. */
const URLS = new Map(['/', '/in', '/confirm'].map((path) => [path, new URL(path, 'http://localhost/')]))
/** The name of the session's cookie, which is not signed here: that would take most of the time. */
const COOKIE = 'koa.sess='

export interface Circumstances {
  /** Which part of all answers is lost. */
  readonly lost: number
  /** Which part of all pages confirms who the owner is. */
  readonly confirms?: number
  /** Which part of all requests is an upload that a proxy holds back for up to five minutes. */
  readonly uploads?: number
  readonly hours?: number
  readonly thief?: Thief
  readonly options?: SessionOptions
}

/** What a thief does with the copy of a cookie: when it comes next, and whether it takes what responses hand over. */
export interface Thief {
  readonly name: string
  readonly takes: boolean
  readonly waits?: (random: () => number) => number
  readonly pause: (random: () => number) => number
  readonly isSlow?: true
}

/** What became of one browser, and of its thief. Times are in milliseconds since the theft. */
export interface Run {
  /** It was signed out although nobody had stolen anything. */
  readonly isOut: boolean
  readonly replays: number
  readonly writes: number
  readonly noticedAfter: number | undefined
  /** For how long the thief could use the session. */
  readonly access: number
  /** After the end, neither of the two opens it. */
  readonly areBothOut: boolean
}

interface Client {
  token: string | undefined
}

interface Asked {
  readonly client: Client
  readonly token: string | undefined
  readonly path: string
  readonly isSlow: boolean
  readonly takes: boolean
}

/** What happens next, in the order of its time. */
class Agenda {
  readonly #entries: { at: number; work: () => Promise<void> | void }[] = []

  add(at: number, work: () => Promise<void> | void): void {
    let place = this.#entries.length
    while (place > 0 && this.#entries[place - 1].at < at) place--
    this.#entries.splice(place, 0, { at, work })
  }

  next(): { at: number; work: () => Promise<void> | void } | undefined {
    return this.#entries.pop()
  }
}

/** A site, and the clock that everything runs by. */
export class Simulation {
  readonly app: Koa = createApp()
  readonly #serve: (ctx: Koa.Context, next: () => Promise<void>) => Promise<void>
  readonly #random: () => number
  readonly #setTime: (at: number) => void
  #now = Date.now()
  #replays = 0
  #writes = 0

  /** @param setTime sets the clock that the library reads */
  constructor(
    readonly circumstances: Circumstances,
    random: () => number,
    setTime: (at: number) => void,
  ) {
    this.#random = random
    this.#setTime = setTime
    const store = new MemoryStore()
    const replace = store.replace.bind(store)
    store.replace = (...call) => {
      this.#writes++
      return replace(...call)
    }
    const owner: SessionOptions['owner'] = ({ user }) => user as string
    const middleware = session({ store, owner, signed: false, rotateEvery: EVERY, ...circumstances.options }, this.app)
    this.app.on('session:replayed', () => this.#replays++)
    this.#serve = middleware as never
    this.#confirm = (ctx) => middleware.sessions.confirm({ method: 'password' }, ctx)
  }

  readonly #confirm: (ctx: Koa.Context) => Promise<unknown>

  /** Lets one browser sign in and work, with a thief where there is one. */
  async run(): Promise<Run> {
    const { hours = 2, thief } = this.circumstances
    this.#replays = this.#writes = 0
    const browser: Client = { token: undefined }
    const stolen: Client = { token: undefined }
    const agenda = new Agenda()
    const start = this.#now
    const end = start + hours * HOUR
    let [isOver, theft, seen] = [false, 0, 0]
    let noticedAt: number | undefined
    const noteEnd = (isIn: boolean): void => {
      if (this.#replays > 0) noticedAt ??= this.#now
      // A request that was under way may have come too late. Whether the browser is out, it finds out when none is any more.
      if (!isIn) agenda.add(this.#now + LATE, async () => void (isOver ||= !(await this.#isIn(browser))))
    }
    await this.#ask({ client: browser, token: undefined, path: '/in', isSlow: false, takes: true }, start)
    const page = (): void => {
      if (isOver || this.#now > end) return
      const count = 1 + Math.floor(this.#random() * 6)
      for (let place = 0; place < count; place++) this.#send(agenda, browser, place === 0, noteEnd)
      agenda.add(this.#now + (20 + 80 * this.#random()) * SECOND, page)
    }
    agenda.add(start + 5 * SECOND, page)
    if (thief) {
      const steal = (): void => {
        theft = this.#now
        stolen.token = browser.token
        agenda.add(theft + (thief.waits?.(this.#random) ?? 0), come)
      }
      const come = async (): Promise<void> => {
        if (isOver || this.#now > end) return
        const { takes, isSlow = false } = thief
        const isIn = await this.#ask({ client: stolen, token: stolen.token, path: '/', isSlow, takes }, this.#now)
        if (isIn) seen = this.#now
        noteEnd(this.#replays === 0)
        // One who is refused tries again, until that is noticed.
        if (this.#replays === 0) agenda.add(this.#now + thief.pause(this.#random), come)
      }
      agenda.add(start + (10 + 10 * this.#random()) * MINUTE, steal)
    }
    for (let entry = agenda.next(); entry; entry = agenda.next()) {
      this.#setClock(Math.max(this.#now, entry.at))
      await entry.work()
    }
    await turn()
    const areBothOut = !(await this.#isIn(browser)) && !(await this.#isIn(stolen))
    this.#setClock(Math.max(this.#now, end) + HOUR)
    return {
      isOut: isOver,
      replays: this.#replays,
      writes: this.#writes / hours,
      noticedAfter: noticedAt === undefined ? undefined : noticedAt - theft,
      access: seen === 0 ? 0 : seen - theft,
      areBothOut,
    }
  }

  /** A request of a page: it takes its way, and so does its answer, unless that is lost. */
  #send(agenda: Agenda, client: Client, isFirst: boolean, noteEnd: (isIn: boolean) => void): void {
    const { lost, confirms = 0, uploads = 0 } = this.circumstances
    const isSlow = this.#random() < uploads
    const path = isFirst && this.#random() < confirms ? '/confirm' : '/'
    const isLost = this.#random() < lost
    const sent = this.#now + this.#random() * 50
    agenda.add(sent, () => {
      const { token } = client
      const held = isSlow ? this.#random() * 5 * MINUTE : 0
      agenda.add(this.#now + this.#latency() + held, async () => {
        const answer = await this.#handle({ client, token, path, isSlow, takes: true })
        await turn()
        noteEnd(answer.isIn || isSlow)
        if (!isLost) agenda.add(this.#now + this.#latency(), () => this.#take(client, answer.lines))
      })
    })
  }

  async #ask(asked: Asked, at: number): Promise<boolean> {
    this.#setClock(at)
    const { isIn, lines } = await this.#handle(asked)
    if (asked.takes) this.#take(asked.client, lines)
    return isIn
  }

  async #isIn(client: Client): Promise<boolean> {
    if (client.token === undefined) return false
    return (await this.#handle({ client, token: client.token, path: '/', isSlow: false, takes: false })).isIn
  }

  async #handle({ token, path, isSlow }: Asked): Promise<{ isIn: boolean; lines: string[] }> {
    const headers: Record<string, string> = { host: 'localhost', 'sec-fetch-dest': 'empty' }
    if (token !== undefined) headers.cookie = `${COOKIE}${token}`
    if (isSlow) headers['content-length'] = '70000'
    const ctx = contextOf(this.app, { method: isSlow ? 'POST' : 'GET', url: URLS.get(path) as URL, headers })
    let isIn = false
    await this.#serve(ctx, async () => {
      if (path === '/in') ctx.session.user = 'ann'
      isIn = ctx.session?.user !== undefined
      if (path === '/confirm' && isIn) await this.#confirm(ctx)
    })
    return { isIn, lines: setCookieLines(ctx.res) }
  }

  #take(client: Client, lines: string[]): void {
    const line = lines.find((each) => each.startsWith(COOKIE))
    if (line === undefined) return
    client.token = line.slice(COOKIE.length, line.indexOf(';')) || undefined
  }

  #latency(): number {
    return this.#random() < 0.01 ? this.#random() * 8 * SECOND : 20 + 180 * this.#random()
  }

  #setClock(at: number): void {
    this.#now = at
    this.#setTime(at)
  }
}

function turn(): Promise<void> {
  return new Promise(setImmediate)
}

/** The same numbers each time (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
