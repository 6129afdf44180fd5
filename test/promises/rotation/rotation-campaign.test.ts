import fc from 'fast-check'
import type { Answer, Visitor } from '../../support/app/app'
import { startClock } from '../../support/clock'
import { describeOnEachStore } from '../../support/backends/conditional-backends'
import { newOwner, type OwnedStore, type OwnedVerb } from '../../support/owners/owned-app'
import { RUNS } from '../../support/races/race'
import { handedBy, isIn, MINUTE, RotatingSite, SECOND, tokenOf } from '../../support/owners/rotating-site'
import { ScheduledOwnerStore, type Fault } from '../../support/races/scheduled-store'
import type { SessionRecord } from '../../../src/session/record'
import { hashToken } from '../../../src/session/token'

// A wait of a random length between two attempts would make an interleaving hard to repeat.
jest.mock('node:timers/promises', () => ({ setTimeout: () => new Promise(setImmediate) }))

/** A request of a page: what it does, in which process, and whether its answer is lost. */
interface Asked {
  verb: string
  process: number
  isLost: boolean
}

/** What is sent at once, so long after the requests before. */
interface Page {
  pause: number
  requests: Asked[]
  /** Whether the last answer is the first to arrive. */
  isOvertaken: boolean
}

const asked = fc.record({
  verb: fc.constantFrom('read', 'read', 'read', 'plain', 'change', 'touch', 'confirm'),
  process: fc.integer({ min: 0, max: 1 }),
  isLost: fc.integer({ min: 0, max: 4 }).map((number) => number === 0),
})
const page = fc.record({
  pause: fc.constantFrom(SECOND, 12 * SECOND, 40 * SECOND, 3 * MINUTE, 11 * MINUTE),
  requests: fc.array(asked, { minLength: 1, maxLength: 3 }),
  isOvertaken: fc.boolean(),
})
const pages = fc.array(page, { minLength: 3, maxLength: 8 })
const noFaults = fc.constant<Fault[]>([])
const faults = fc.array(fc.constantFrom<Fault>('none', 'none', 'none', 'before', 'after'), {
  minLength: 60,
  maxLength: 60,
})

/** A site of two processes, and all that its responses and its store have said. */
class Trial {
  readonly site: RotatingSite
  readonly handed: string[] = []
  readonly acknowledged = new Set<string>()
  readonly store: ScheduledOwnerStore
  longest = 0
  #count = 0

  constructor(
    inner: OwnedStore,
    readonly scheduler: fc.Scheduler,
    faults: Fault[],
  ) {
    const left = [...faults]
    this.store = new ScheduledOwnerStore(inner, undefined, (method) =>
      method === 'read' ? 'none' : (left.pop() ?? 'none'),
    )
    const replace = this.store.replace.bind(this.store)
    this.store.replace = async (...call) => {
      const answer = await replace(...call)
      if (answer.outcome === 'written') this.#note(call[1])
      return answer
    }
    const create = this.store.create.bind(this.store)
    this.store.create = async (...call) => {
      const answer = await create(...call)
      if (answer) this.#note(call[1])
      return answer
    }
    // Who is out makes no session of nobody.
    const change: OwnedVerb = (ctx) => ctx.session.user && (ctx.session.n = Number(ctx.session.n ?? 0) + 1)
    this.site = new RotatingSite({ store: this.store, processes: 2, verbs: { change } })
  }

  /** Sends what there is to send, all at once, and takes the answers that are not lost. */
  async send(parties: { browser: Visitor; page: Page }[]): Promise<void> {
    this.site.clock.advance(parties[0].page.pause)
    const sent = parties.flatMap(({ browser, page }) =>
      page.requests.map((request) => {
        const visitor = this.site.visitor(request.process, browser.jar.copy())
        return {
          browser,
          page,
          request,
          path: `/${request.verb}/${request.verb === 'confirm' ? 'password' : 'x'}?${this.#count++}`,
          visitor,
        }
      }),
    )
    const answers = await this.store.race(this.scheduler, () =>
      Promise.all(sent.map(({ visitor, path }) => visitor.get(path))),
    )
    for (const answer of answers) this.#noteHanded(answer)
    for (const { browser, page } of parties) {
      const own = answers.filter((_answer, index) => sent[index].browser === browser && !sent[index].request.isLost)
      for (const { setCookie } of page.isOvertaken ? own.reverse() : own) browser.jar.accept(setCookie)
    }
  }

  /** What holds whatever happens. */
  check(): void {
    expect(new Set(this.handed).size).toBe(this.handed.length)
    expect(this.handed.filter((token) => !this.acknowledged.has(hashToken(token)))).toEqual([])
    expect(this.longest).toBeLessThanOrEqual(1500)
  }

  #noteHanded(answer: Answer): void {
    const token = handedBy(answer)
    if (token) this.handed.push(token)
  }

  #note({ _secret, _turn }: SessionRecord): void {
    const [, , , , next = [], beside = [], left = []] = _turn ?? []
    for (const [hash] of [...next, ...beside]) this.acknowledged.add(hash)
    if (_secret) this.acknowledged.add(_secret)
    expect(next.length <= 4 && beside.length <= 4 && left.length <= 6).toBe(true)
    this.longest = Math.max(this.longest, JSON.stringify(_turn ?? '').length)
  }
}

describeOnEachStore('browsers of two processes whose tokens change, in every order of the calls', (getStore) => {
  const store = (): OwnedStore => getStore() as OwnedStore

  beforeEach(() => void jest.spyOn(Math, 'random').mockImplementation(() => 0.4))

  afterEach(() => {
    jest.restoreAllMocks()
    startClock()
  })

  it.each([
    ['every call works', noFaults],
    ['calls fail before and after their effect', faults],
  ])(
    'R114: R117: R118: nobody is signed out and nothing is told without a thief, in any order of the calls; %s',
    async (_title, someFaults) => {
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), pages, someFaults, async (scheduler, visits, fails) => {
          const trial = new Trial(store(), scheduler, fails)
          const browser = await trial.site.signedIn(newOwner())
          for (const each of visits) {
            await trial.send([{ browser, page: each }])
            const isSignedIn = await isIn(trial.site.visitor(0, browser.jar.copy()), { 'sec-fetch-dest': 'image' })
            if (!isSignedIn) throw new Error(`out after ${JSON.stringify(each)} with ${tokenOf(browser).slice(-8)}`)
          }
          trial.check()
          expect(await trial.site.replays()).toEqual([])
          const reads = trial.store.calls.filter(
            ({ method, path }) => method === 'replace' && /^.(read|plain)/.test(path),
          )
          expect(reads.length).toBeLessThanOrEqual(2 * visits.flatMap(({ requests }) => requests).length)
        }),
        { numRuns: RUNS },
      )
    },
  )

  it('R115: one of two processes tells a copy once while both are at work with it, and both are out', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.tuple(page, page), { minLength: 5, maxLength: 8 }),
        async (scheduler, visits) => {
          const trial = new Trial(store(), scheduler, [])
          const browser = await trial.site.signedIn(newOwner())
          await browser.get('/read')
          const thief = trial.site.visitor(1, browser.jar.copy())
          for (const [own, theirs] of visits)
            await trial.send([
              { browser, page: own },
              { browser: thief, page: theirs },
            ])
          // Both go on working, now one after the other, and no answer of theirs is lost.
          for (let minute = 0; minute < 26; minute++) {
            trial.site.clock.advance(MINUTE)
            for (const each of [browser, thief]) await each.get('/read')
          }
          trial.check()
          expect([await isIn(browser), await isIn(thief)]).toEqual([false, false])
          expect((await trial.site.replays()).length).toBe(1)
        },
      ),
      { numRuns: RUNS },
    )
  })
})
