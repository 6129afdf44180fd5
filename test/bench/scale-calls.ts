import { randomInt } from 'node:crypto'
import type { ForeignStore, OwnStore, Population } from './scale-places'
import { accountOf, endOf, foreignKeyOf, foreignSession, keyOf, LIFE, PER_OWNER, Service } from './scale-sessions'

/** What is called again and again, each time with something else. */
export interface Call {
  /** Made before the time is taken. */
  argument: () => unknown
  run: (argument: any) => unknown
  /** Makes good what the calls have changed. */
  restore?: () => Promise<unknown>
  /** A call that is much work is made less often. */
  isLong?: boolean
}

/** What is measured of each population, by its name; a store of express-session knows no owners. */
export type Calls = Record<string, Call>

const NOBODY = { rolling: false, changed: true, ctx: {} as any }

/** @param size how many sessions the population has */
export function ownCalls({ store, add }: Population<OwnStore>, size: number): Calls {
  const services = { unlimited: new Service(store), limited: new Service(store, PER_OWNER) }
  const spent = new Set<number>()
  const session = (): number => randomInt(size)
  const owner = (): string => accountOf(randomInt(size / PER_OWNER))
  /** An owner who has ten sessions: nobody comes twice. */
  function fresh(): string {
    for (;;) {
      const one = randomInt(size / PER_OWNER)
      if (spent.has(one)) continue
      spent.add(one)
      return accountOf(one)
    }
  }
  async function restore(): Promise<void> {
    for (const one of spent) await store.destroyByOwner(`koa.sess=${accountOf(one)}`)
    await add(Array.from(spent))
    spent.clear()
  }
  return {
    read: {
      argument: () => keyOf(session()),
      run: async (key: string) => found(await store.read(key, NOBODY)),
    },
    'read, then replace': {
      argument: ownedSession,
      async run({ key, owner }: Owned) {
        const { record, revision } = found(await store.read(key, NOBODY))
        const context = { ...NOBODY, owner }
        const { outcome } = await store.replace(key, { ...record, count: randomInt(1e6, 1e7) }, LIFE, revision, context)
        if (outcome !== 'written') throw new Error(`The record was not replaced: ${outcome}.`)
      },
    },
    touch: {
      argument: ownedSession,
      async run({ key, owner }: Owned) {
        const { outcome } = await store.touch(key, Date.now() + LIFE, LIFE, { ...NOBODY, owner })
        if (outcome !== 'written') throw new Error(`The record was not touched: ${outcome}.`)
      },
    },
    list: {
      argument: owner,
      run: async (account: string) => isTen((await services.unlimited.sessions.list({ owner: account })).length),
      isLong: true,
    },
    'sign-in': { argument: fresh, run: async (account) => services.unlimited.signIn(account), restore, isLong: true },
    'sign-in, maxPerOwner': {
      argument: fresh,
      run: async (account) => services.limited.signIn(account),
      restore,
      isLong: true,
    },
    revokeAll: {
      argument: fresh,
      run: async (account: string) => isTen(await services.unlimited.sessions.revokeAll({ owner: account })),
      restore,
      isLong: true,
    },
  }

  function ownedSession(): Owned {
    const number = session()
    return { key: keyOf(number), owner: `koa.sess=${accountOf(Math.floor(number / PER_OWNER))}` }
  }
}

interface Owned {
  key: string
  owner: string
}

export function foreignCalls({ store }: Population<ForeignStore>, size: number): Calls {
  const call = async (verb: keyof ForeignStore, ...given: unknown[]): Promise<any> =>
    new Promise((resolve, reject) => {
      const done = (error: Error | null, answer: unknown): void => (error ? reject(error) : resolve(answer))
      void (store[verb] as (...all: unknown[]) => unknown)(...given, done)
    })
  const argument = (): { key: string; session: object } => {
    const number = randomInt(size)
    const owner = accountOf(Math.floor(number / PER_OWNER))
    return { key: foreignKeyOf(number), session: foreignSession(owner, Date.now() + LIFE) }
  }
  return {
    read: { argument: () => foreignKeyOf(randomInt(size)), run: async (key) => found(await call('get', key)) },
    'read, then replace': {
      argument,
      async run({ key, session }) {
        found(await call('get', key))
        await call('set', key, { ...session, count: randomInt(1e6, 1e7) })
      },
    },
    touch: { argument, run: async ({ key, session }) => call('touch', key, session) },
  }
}

/** Reads sessions of the population, and lists an owner: they are there, and belong to whom they should. */
export async function checkPopulation({ store, check }: Population<OwnStore>, size: number): Promise<void> {
  for (let round = 0; round < 100; round++) {
    const number = randomInt(size)
    const owner = Math.floor(number / PER_OWNER)
    const { record } = found(await store.read(keyOf(number), NOBODY))
    const listed = await store.listByOwner(`koa.sess=${accountOf(owner)}`)
    const isThere = listed.some(({ key }) => key === keyOf(number))
    // What was touched among fewer sessions lives longer.
    const isRight = record.user === accountOf(owner) && Number(record._expire) >= endOf(number) && isThere
    if (!isRight || listed.length !== PER_OWNER) throw new Error(`The session ${number} is not as it was written.`)
    await check?.(owner)
  }
}

function found<T>(answer: T | null | undefined): T {
  if (answer === null || answer === undefined) throw new Error('There is no such session.')
  return answer
}

function isTen(count: number | undefined): void {
  if (count !== PER_OWNER) throw new Error(`There were ${count} sessions, not ${PER_OWNER}.`)
}
