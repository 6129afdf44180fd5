import { Readings, type Reading } from '../../../src/stores/layered/readings'
import { deferred, type Deferred } from '../../support/races/interleave'

it('R29: a look at the shared store is forgotten when it is over, and so is a change, also after failures', async () => {
  const readings = new Readings()
  const works = Array.from({ length: 10_000 }, async (_, index) => {
    const key = `key ${index % 100}`
    const end = readings.block(index % 10 === 0 ? undefined : key)
    const reading = readings.during(key, async () => {
      await Promise.resolve()
      if (index % 3 === 0) throw new Error('failed')
    })
    await reading.catch(() => undefined)
    end()
  })
  expect(readings.size).toBeGreaterThan(100)
  await Promise.all(works)
  expect(readings.size).toBe(0)
})

/** What goes on beside each other: who looks, and who changes what. */
const KINDS = ['reads it', 'changes it', 'ends all', 'changes another one'] as const
type Kind = (typeof KINDS)[number]

/** Somebody who begins and ends at moments of the test's choice; `outdated` is what they are told at their end. */
class Actor {
  begun = 0
  ended = 0
  outdated: boolean | undefined
  readonly #until: Deferred = deferred()
  #work: Promise<void> | undefined

  constructor(
    readonly kind: Kind,
    readonly readings: Readings,
  ) {}

  begin(): void {
    const look = async (reading: Reading): Promise<void> => {
      await this.#until.promise
      this.outdated = reading.isOutdated
    }
    if (this.kind === 'reads it') this.#work = this.readings.during('it', look)
    else if (this.kind === 'changes it') this.#work = this.readings.change('it', look)
    else {
      const end = this.readings.block(this.kind === 'ends all' ? undefined : 'another one')
      this.#work = this.#until.promise.then(end)
    }
  }

  async end(): Promise<void> {
    this.#until.resolve()
    await this.#work
  }

  /** Whether they have changed what is read, at a moment at which the other one was there. */
  isBeside(other: Actor): boolean {
    const changes = this.kind === 'changes it' || this.kind === 'ends all'
    return changes && this !== other && this.begun < other.ended && other.begun < this.ended
  }
}

/** Every order of these numbers, each of which stands twice: a beginning and an end. */
function ordersOf(left: readonly number[]): number[][] {
  if (left.length === 0) return [[]]
  return [...new Set(left)].flatMap((first) => {
    const rest = left.toSpliced(left.indexOf(first), 1)
    return ordersOf(rest).map((order) => [first, ...order])
  })
}

const ORDERS = ordersOf([0, 0, 1, 1, 2, 2])
const TRIPLES = KINDS.flatMap((one) => KINDS.flatMap((other) => KINDS.map((third) => [one, other, third] as const)))

it.each(TRIPLES)(
  'R73: a reading or a write is outdated where another one has changed it meanwhile: one %s, one %s, one %s',
  async (...kinds) => {
    expect(ORDERS).toHaveLength(90)
    for (const order of ORDERS) {
      const readings = new Readings()
      const actors = kinds.map((kind) => new Actor(kind, readings))
      for (const [moment, who] of order.entries()) {
        const actor = actors[who]
        if (order.indexOf(who) === moment) {
          actor.begun = moment
          actor.begin()
        } else {
          actor.ended = moment
          await actor.end()
        }
      }
      const looking = actors.filter(({ kind }) => kind === 'reads it' || kind === 'changes it')
      const expected = looking.map((actor) => actors.some((other) => other.isBeside(actor)))
      expect([order, looking.map(({ outdated }) => outdated)]).toEqual([order, expected])
      expect(readings.size).toBe(0)
    }
  },
)
