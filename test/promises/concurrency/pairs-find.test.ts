import { MemoryStore, type ConditionalStore, type WriteOutcome } from 'koa-session-service'
import { brokenIn } from '../../support/races/pair-checks'
import { runTrial } from '../../support/races/pair-run'
import { undoneIn, type PairBackend } from '../../support/races/pair-store'
import { numbersOf, SETTINGS, trialOf } from '../../support/races/pair-trial'

// A wait of a random length between two attempts would make an interleaving hard to repeat.
jest.mock('node:timers/promises', () => ({ setTimeout: () => new Promise(setImmediate) }))
jest.setTimeout(120_000)

const TRIALS = 80

/** Writes whatever the revision is. */
class Careless extends MemoryStore {
  override replace(...call: Parameters<ConditionalStore['replace']>): WriteOutcome {
    const [key, record, maxAge, , context] = call
    const revision = this.read(key)?.revision
    return super.replace(key, record, maxAge, revision, context)
  }
}

/** Ends nothing. */
class Stubborn extends MemoryStore {
  override destroy(): boolean {
    return true
  }
}

/** Keeps the token that was rotated away. */
class Loyal extends MemoryStore {
  override replace(...call: Parameters<ConditionalStore['replace']>): WriteOutcome {
    const [key, record, maxAge, revision, context] = call
    return super.replace(key, { ...record, _secret: this.read(key)?.record._secret }, maxAge, revision, context)
  }
}

const STORES: { name: string; create: () => MemoryStore; finds: string[] }[] = [
  {
    name: 'writes whatever the revision is',
    create: () => new Careless(),
    finds: ['acknowledged increments count', 'a one-time value goes to one taker', 'acknowledged changes are kept'],
  },
  { name: 'ends nothing', create: () => new Stubborn(), finds: ['a session that was logged out is dead'] },
  {
    name: 'forgets the token that it is given',
    create: () => new Loyal(),
    finds: ['the browser opens a session with what was acknowledged', 'no answer brings a token that was rotated away'],
  },
]

describe('pairs of verbs beside a rival', () => {
  it.each(STORES)('R83: pairs of verbs beside a rival find a store that $name', async ({ create, finds }) => {
    const backend: PairBackend = {
      name: 'a broken store',
      create: () => {
        const shared = create()
        return { shared, peek: (key) => shared.read(key)?.record, lacks: [] }
      },
      storeOf: (store) => store,
    }
    const found = new Set<string>()
    for (const number of numbersOf(SETTINGS[0], { first: 0, count: TRIALS })) {
      const result = await runTrial({ ...trialOf(number), backend })
      for (const { check } of brokenIn(result)) found.add(check)
    }
    expect(Array.from(found)).toEqual(expect.arrayContaining(finds))
  })

  it('R83: pairs of verbs beside a rival find a verb that waits for ever', async () => {
    const second = { name: 'a verb that waits for ever', run: () => new Promise(() => undefined) }
    const [number] = numbersOf(SETTINGS[0], { first: 0, count: 1 })
    const broken = brokenIn(await runTrial({ ...trialOf(number), second }))
    expect(broken.map(({ check }) => check)).toContain('every request is answered, and every verb ends')
  })

  it('R83: pairs of verbs beside a rival do the same for the same number', async () => {
    const [number] = numbersOf(SETTINGS[4], { first: 7, count: 1 })
    const [one, other] = [await runTrial(trialOf(number)), await runTrial(trialOf(number))]
    expect(one.log).toEqual(other.log)
    expect(one.log.length).toBeGreaterThan(1)
  })

  it('R83: pairs of verbs beside a rival meet conflicts from outside', async () => {
    let conflicts = 0
    for (const number of numbersOf(SETTINGS[0], { first: 0, count: TRIALS })) {
      const { log } = await runTrial(trialOf(number))
      if (log.some((line) => line.startsWith('/mine') && line.endsWith('conflict'))) conflicts++
    }
    expect(conflicts).toBeGreaterThan(TRIALS / 20)
  })

  it.each<[string, string[], [path: string, secret: string, generation: number][]]>([
    [
      'joins a sign-in that is taken back',
      ['/b'],
      [
        ['/a', 's1', 1],
        ['/b', 's1', 1],
        ['/a', 's0', 0],
      ],
    ],
    [
      'joins one that stays',
      [],
      [
        ['/a', 's1', 1],
        ['/b', 's1', 1],
      ],
    ],
    [
      'has written before it',
      [],
      [
        ['/b', 's0', 0],
        ['/a', 's1', 1],
        ['/a', 's0', 0],
      ],
    ],
    [
      'writes after it',
      [],
      [
        ['/a', 's1', 1],
        ['/a', 's0', 0],
        ['/b', 's0', 0],
      ],
    ],
    [
      'writes beside a regenerate() that is taken back',
      [],
      [
        ['/a', 's1', 0],
        ['/b', 's1', 0],
        ['/a', 's0', 0],
      ],
    ],
  ])('R83: pairs of verbs beside a rival excuse who %s: %j', (_who, undone, writes) => {
    const answer = { outcome: 'written' }
    const calls = writes.map(([path, secret, generation]) => ({
      path,
      method: 'replace' as const,
      key: 'k',
      answer,
      secret,
      generation,
    }))
    expect(Array.from(undoneIn(calls, 's0'))).toEqual(undone)
  })
})
