import type { Context } from 'koa'
import type { SessionOptions, SessionRecord, SessionService } from 'koa-session-service'
import { CookieJar } from '../app/app'
import { turns } from './scheduled-store'
import { isWrite, logged, PairStore, sightOf, undoneIn, type Shared } from './pair-store'
import type { Done, Result, Sent, Whose } from './pair-result'
import type { Trial } from './pair-trial'
import { cookieSetBy, Process } from './process'
import { FLASH, type Verb } from './verbs'

const HOUR = 3_600_000

/** Runs a trial: one request with two verbs at once, and a rival of it, each call of the store when the scheduler says. */
export async function runTrial(trial: Trial): Promise<Result> {
  return new Run(trial).result()
}

class Run {
  readonly #trial: Trial
  readonly #shared: Shared
  readonly #peek: (key: string) => SessionRecord | undefined
  readonly #store: PairStore
  readonly #ours: Process
  readonly #others: Process
  readonly #reader: Process
  readonly #jar = new CookieJar()
  readonly #done: Done[] = []
  readonly #sent: Sent[] = []
  readonly #tokens: string[] = []
  readonly #gone = new Set<string>()
  /** The verbs of the request, whoever awaits them. */
  readonly #verbs: Promise<unknown>[] = []
  #calls = 0
  #hangUp: () => Promise<void> = async () => undefined
  #hasHungUp = false
  #wroteBeforeHangUp = false

  constructor(trial: Trial) {
    const { backend, hasOwner, rolling, circumstance, lost } = trial
    const { shared, peek, lacks } = backend.create()
    this.#trial = trial
    this.#shared = shared
    this.#peek = peek
    const owner: SessionOptions['owner'] = hasOwner ? ({ user }) => user as string : undefined
    const loses = circumstance === 'a call is lost'
    const faultOf = () => (loses && this.#calls++ === lost.call ? lost.fault : 'none')
    const [scheduled, store] = PairStore.of(shared, lacks, faultOf)
    const [, plain] = PairStore.of(shared, lacks, () => 'none')
    const optionsOf = (): SessionOptions => ({ store: backend.storeOf(store), rolling, owner })
    const note = (ctx: Context): void => this.#noteSent(ctx)
    this.#store = scheduled
    this.#ours = new Process(
      optionsOf(),
      { '/seed': (ctx) => this.#seed(ctx), '/mine': (...call) => this.#mine(...call), '/later': countLater },
      note,
    )
    this.#others = new Process(optionsOf(), { '/rival': (...call) => this.#rival(...call) }, note)
    this.#reader = new Process({ store: plain, owner }, {})
    for (const { app } of [this.#ours, this.#others]) {
      app.on('session:gone', ({ ctx }: { ctx: Context }) => this.#gone.add(ctx.path))
    }
  }

  async result(): Promise<Result> {
    await this.#ours.wire.send('/seed', this.#jar).answer
    const { id, token } = sightOf(this.#jar)
    const originalSecret = this.#peek(id)?._secret
    this.#tokens.push(token as string)
    this.#sent.length = 0
    this.#store.forget()
    const answers: Record<Whose, Result['answers']['mine']> = { mine: undefined, rival: undefined }
    const outcome = await this.#store.raceUntilStill(this.#trial.scheduler, () => this.#race(answers))
    await turns(5)
    const log = logged(this.#store.calls)
    const undone = undoneIn(this.#store.calls, originalSecret)
    const held = sightOf(this.#jar)
    if (held.token !== undefined) this.#tokens.push(held.token)
    const heldRecord = this.#peek(held.id)
    const shown = await this.#shown()
    return {
      trial: this.#trial,
      waits: outcome === 'waits',
      done: this.#done,
      answers,
      undone,
      gone: this.#gone,
      sent: this.#sent,
      tokens: this.#tokens,
      isOpen: heldRecord !== undefined && held.opens(heldRecord),
      shown,
      original: this.#peek(id),
      originalSecret,
      records: this.#store.recordsBy(this.#peek),
      later: shown && Object.keys(shown).length > 0 ? await this.#askLater() : 'not asked',
      hasHungUp: this.#hasHungUp,
      wroteBeforeHangUp: this.#wroteBeforeHangUp,
      hasLost: this.#trial.circumstance === 'a call is lost' && this.#calls > this.#trial.lost.call,
      log,
    }
  }

  async #race(answers: Record<Whose, Result['answers']['mine']>): Promise<void> {
    const { circumstance, hangsUpFirst } = this.#trial
    // Both bring the cookie from before.
    const mine = this.#ours.wire.send('/mine', this.#jar)
    const rival = this.#others.wire.send('/rival', this.#jar)
    this.#hangUp = mine.hangUp
    void mine.answer.then((answer) => (answers.mine = answer))
    void rival.answer.then((answer) => (answers.rival = answer))
    const hangsUpLater = circumstance === 'the browser hangs up' && !hangsUpFirst
    const hangingUp = hangsUpLater ? this.#moment('the browser hangs up').then(() => this.#hangUpNow()) : undefined
    await Promise.all([mine.answer, rival.answer, mine.served, rival.served, hangingUp])
    await Promise.all(this.#verbs)
  }

  async #mine(ctx: Context, sessions: SessionService): Promise<void> {
    const { circumstance, hangsUpFirst, isStaggered, isSlow, first, second } = this.#trial
    if (circumstance === 'the browser hangs up' && hangsUpFirst) await this.#hangUpNow()
    const one = this.#perform(first, 'mine', ctx, sessions)
    const two = isStaggered
      ? this.#moment('the second verb begins').then(() => this.#perform(second, 'mine', ctx, sessions))
      : this.#perform(second, 'mine', ctx, sessions)
    this.#verbs.push(Promise.allSettled([one, two]))
    // A verb that begins when its response is gone can hand out nothing.
    if (isStaggered) await Promise.allSettled([one, two])
    await (circumstance === 'nobody awaits the second' ? one : Promise.all([one, two]))
    if (isSlow) await this.#moment('the page is made')
  }

  async #rival(ctx: Context, sessions: SessionService): Promise<void> {
    const all = this.#trial.rivals.map((verb) => this.#perform(verb, 'rival', ctx, sessions))
    this.#verbs.push(Promise.allSettled(all))
    await Promise.all(all)
  }

  async #perform(verb: Verb, by: Whose, ctx: Context, sessions: SessionService): Promise<void> {
    const entry: Done = { verb, by, end: 'waiting' }
    this.#done.push(entry)
    try {
      entry.value = await verb.run(ctx, sessions)
      entry.end = verb.tellsGone && entry.value === undefined ? 'gone' : 'done'
    } catch (error) {
      entry.end = 'failed'
      entry.error = error as Done['error']
      throw error
    }
  }

  #seed(ctx: Context): void {
    Object.assign(ctx.session, { n: 0, logins: 0, flash: FLASH, kept: true })
    if (this.#trial.isSignedIn) ctx.session.user = 'ann'
  }

  /** A step that the scheduler chooses the time of. */
  #moment(label: string): Promise<void> {
    return this.#trial.scheduler.schedule(Promise.resolve(), label)
  }

  async #hangUpNow(): Promise<void> {
    this.#wroteBeforeHangUp = this.#store.asked.some(({ path, method }) => path === '/mine' && isWrite(method))
    this.#hasHungUp = true
    await this.#hangUp()
  }

  #noteSent(ctx: Context): void {
    const token = cookieSetBy(ctx)
    if (token === undefined) return
    const { id, opens } = sightOf(token)
    const record = this.#peek(id)
    const ofRecord = record && opens(record) ? 'its session' : 'nothing: it was rotated away'
    this.#tokens.push(token)
    this.#sent.push({ by: ctx.path, token, opens: record ? ofRecord : 'nothing: the session is over' })
  }

  /** What the visitor's browser is shown by a process that knows nothing yet. */
  async #shown(): Promise<Result['shown']> {
    const answer = await this.#reader.wire.send('/read', this.#jar.copy()).answer
    if (answer?.status !== 200) return undefined
    return (JSON.parse(answer.body) as { data: Record<string, unknown> | null }).data ?? {}
  }

  /** One more update() of the visitor's, which meets a conflict: whoever holds a lock for ever is noticed. */
  async #askLater(): Promise<Result['later']> {
    const { id } = sightOf(this.#jar)
    const context = { rolling: false, ctx: { path: '/outside' } as Context }
    this.#store.beforeFirst('replace', '/later', async () => {
      const found = await this.#shared.read(id, context)
      if (!found) return
      await this.#shared.replace(id, { ...found.record, outside: true }, HOUR, found.revision, context)
    })
    let status: number | undefined
    void this.#ours.wire.send('/later', this.#jar.copy()).answer.then((answer) => (status = answer?.status))
    for (let round = 0; round < 60 && status === undefined; round++) await turns(10)
    if (status === undefined) return 'waits'
    return status === 200 ? 'answered' : status
  }
}

function countLater(ctx: Context, sessions: SessionService): unknown {
  return sessions.update((data) => void (data.later = true), ctx)
}
