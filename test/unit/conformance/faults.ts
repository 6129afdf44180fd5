import type { MemoryStore, SessionRecord } from 'koa-session-service'
import type { MemoryEnds } from '../../../src/stores/memory/memory-ends'
import type { Overrides } from './suite'

/** A store with one fault: what it does wrong, and the test of the suite that has to find it. */
type Fault = [does: string, title: string, make: (good: MemoryStore) => Overrides]

const LONG = 400 * 24 * 60 * 60 * 1000
/** Lets others go on, between what a store looks at and what it does then. */
const pause = () => new Promise(setImmediate)
const isText = (value: unknown) => typeof value === 'string'

/** What a store throws that refuses what it should take. */
export class Refusal extends Error {}

/** The same, with a change to every key. */
function withKeys(good: MemoryStore, change: (key: string) => string): Overrides {
  const names = ['get', 'set', 'destroy', 'read', 'create', 'replace', 'touch'] as const
  return Object.fromEntries(
    names.map((name) => [
      name,
      (key: string, ...rest: unknown[]) => (good[name] as (...args: unknown[]) => unknown)(change(key), ...rest),
    ]),
  )
}

/** The same, with a change to every owner, of a record or asked for. */
function withOwners(good: MemoryStore, change: (owner: string) => string): Overrides {
  const told = (context: any) => (isText(context?.owner) ? { ...context, owner: change(context.owner) } : context)
  const ofOwner = (name: 'listByOwner' | 'destroyByOwner' | 'readMark' | 'setMark') => {
    return (owner: string, ...rest: any[]) => {
      return (good[name] as (...args: unknown[]) => unknown)(isText(owner) ? change(owner) : owner, ...rest)
    }
  }
  return {
    set: (key, record, life, context) => good.set(key, record, life, told(context)),
    listByOwner: ofOwner('listByOwner'),
    destroyByOwner: ofOwner('destroyByOwner'),
    readMark: ofOwner('readMark'),
    setMark: ofOwner('setMark'),
  }
}

/** The same, which remembers every record that it ever had, and what it was told of it. */
function withMemory(good: MemoryStore): { records: Map<string, SessionRecord>; overrides: Overrides } {
  const records = new Map<string, SessionRecord>()
  const note = (key: string, record: SessionRecord) => records.set(key, structuredClone(record))
  return {
    records,
    overrides: {
      set: (key, record, ...rest: [number, any]) => (note(key, record), good.set(key, record, ...rest)),
      create: (key, record, ...rest: [number, any]) => (note(key, record), good.create(key, record, ...rest)),
    },
  }
}

const A_READ = 'conditional writes: read returns the record and its revision, and undefined or null for nothing'
const A_SECRET = 'conditional writes: a record with a _secret is read, and get returns undefined or null for it'
const A_COPY = 'every store: what get returns is a copy'
const NO_EARLIER = 'every store: a record is not forgotten before its time'
const FRACTION = 'every store: a life may be a fraction of a millisecond long or end in one'
const GONE_READ =
  'conditional writes: replace does not bring an expired record back, and destroy of one removes nothing'
const EXTENDS = 'touch: touch extends the life of a record, and moves its _expire alone'
const NO_SHORTER = 'touch: touch makes no life shorter'
const EXTENDS_AT = 'touch: touch at the revision that was read extends the life, and leaves the revision as it is'
const CONFLICT_AT = 'touch: touch at another revision is a conflict, and extends nothing'
const SPARED = 'ends: spares a session, but none that an earlier end of the key has ended'
const POSITION = 'ends: gives an end a position above all before it, and finds it by its key'
const NEWS = 'ends: says what is new behind an end, and whether that end is one of its own'
const NO_OWNER = 'index by owner: an owner that is no text is refused, and so is one that not every store can hold'
const OTHER_MARKS = 'index by owner: the marks of owners differ by every character, and are no records'
const LISTED_LIVE = 'index by owner: lists no record that was destroyed, has expired, or has another owner now'
const ALL_BUT_ONE = 'index by owner: destroys the records of an owner, all but one'
const ALL = 'index by owner: destroys all records of an owner'
const ONE = 'index by owner: destroys a single record of an owner, and no other'
const ONE_AT = 'index by owner: destroys a single record only where it is still at the revision that it was listed at'
const BY_CHARACTER = 'index by owner: owners differ by every character: case, accents, spaces at the end'
const LIKE_AN_ID = 'index by owner: an owner may have the form of an id, and an id that of an owner'
const MOVES = 'index by owner: a record moves to the list of its new owner, and off all lists where it has none'
const LISTED_AT = 'index by owner: a record is listed at the revision that it can be replaced at'
const WHILE_ENDED = 'index by owner: what is replaced and touched while an owner is ended is ended'
const GONE_AT = 'touch: touch at the revision of a record that is gone finds it missing, and creates nothing'
const EXPIRED_AT = 'touch: touch at the revision of a record that has expired finds it missing'
const TOUCHED_SINCE = 'touch: a record that was touched since is not destroyed at what was read before'
const ONE_BY_ONE = 'ends: draws positions one by one, whatever happens at once: each names the one before it'
const BY_LENGTH = 'index by owner: an owner may be 255 characters long; a longer one is refused, and nothing is written'

const EVERY_STORE: Fault[] = [
  [
    'keeps letters of ASCII alone',
    'every store: get returns the record that was set',
    (good) => ({
      set: (key, record, ...rest: [number]) =>
        good.set(key, JSON.parse(JSON.stringify(record).replace(/[^ -~]/g, '?')), ...rest),
    }),
  ],
  [
    'drops what is null',
    'every store: get returns the record that was set',
    (good) => ({
      set: (key, record, ...rest: [number]) =>
        good.set(
          key,
          JSON.parse(JSON.stringify(record), (_, value) => value ?? undefined),
          ...rest,
        ),
    }),
  ],
  [
    'answers an empty record for nothing',
    'every store: get returns undefined or null for a key that is missing',
    (good) => ({ get: (...call: [string]) => good.get(...call) ?? {} }),
  ],
  [
    'never forgets',
    'every store: get returns undefined or null for a record that has expired',
    (good) => ({ set: (key, record, _life, context) => good.set(key, record, LONG, context) }),
  ],
  [
    'forgets at the first time that it was told',
    NO_EARLIER,
    (good) => {
      const lives = new Map<string, number>()
      return {
        set: (key, record, life, context) => {
          lives.set(key, lives.get(key) ?? life)
          good.set(key, record, lives.get(key) as number, context)
        },
      }
    },
  ],
  [
    'takes whole milliseconds alone',
    FRACTION,
    (good) => ({
      set: (key, record, life, context) => {
        if (!Number.isInteger(life)) throw new Refusal('no integer')
        good.set(key, record, life, context)
      },
    }),
  ],
  [
    'takes a whole _expire alone',
    FRACTION,
    (good) => ({
      set: (key, record, life, context) => {
        if (record._expire % 1) throw new Refusal('no integer')
        good.set(key, record, life, context)
      },
    }),
  ],
  [
    'keeps nothing whose life has a fraction',
    FRACTION,
    (good) => ({
      set: (key, record, life, context) => {
        if (record._expire !== undefined || Number.isInteger(life)) good.set(key, record, life, context)
      },
    }),
  ],
  [
    'keeps nothing whose _expire has a fraction',
    FRACTION,
    (good) => ({
      set: (key, record, ...rest: [number]) => {
        if (Number.isInteger(record._expire ?? 0)) good.set(key, record, ...rest)
      },
    }),
  ],
  [
    'hands out the record that it holds',
    A_COPY,
    (good) => {
      const held = new Map<string, unknown>()
      const get = (key: string, life: number, context: any) => {
        held.set(key, held.get(key) ?? good.get(key, life, context))
        return held.get(key)
      }
      return { get }
    },
  ],
  [
    'holds the record that it was given',
    'every store: what set is given is copied',
    (good) => {
      const held = new Map<string, unknown>()
      return {
        set: (key, record, ...rest: [number]) => (held.set(key, record), good.set(key, record, ...rest)),
        get: (key) => structuredClone(held.get(key)),
      }
    },
  ],
  [
    'merges with what was there',
    'every store: set replaces the whole record',
    (good) => ({ set: (key, record, ...rest: [number]) => good.set(key, { ...good.get(key), ...record }, ...rest) }),
  ],
  [
    'takes large letters for small ones',
    'every store: keys that differ by the case of a letter are two',
    (good) => withKeys(good, (key) => key.toLowerCase()),
  ],
  [
    'cuts texts at 64 KB',
    'every store: a record of 100 KB is kept',
    (good) => ({
      set: (key, record, ...rest: [number]) => {
        const cut = Buffer.from(String(record.text)).subarray(0, 65_535).toString()
        good.set(key, isText(record.text) ? { ...record, text: cut } : record, ...rest)
      },
    }),
  ],
  ['destroys nothing', 'every store: destroy removes the record', () => ({ destroy: () => true })],
  [
    'fails to destroy nothing',
    'every store: destroy of nothing is silent',
    (good) => ({
      destroy: (...call: [string]) => {
        if (!good.destroy(...call)) throw new Refusal('there is none')
        return true
      },
    }),
  ],
]

const CONDITIONAL: Fault[] = [
  ['reads an empty record for nothing', A_READ, (good) => ({ read: (key) => good.read(key) ?? { record: {} } })],
  [
    'reads at another revision than that of the creation',
    A_READ,
    (good) => ({ read: (key) => good.read(key) && { ...good.read(key), revision: 'another' } }),
  ],
  ['reads half a record', A_READ, (good) => ({ read: (key) => good.read(key) && { ...good.read(key), record: {} } })],
  ['gets a record with a _secret', A_SECRET, (good) => ({ get: (key) => good.read(key)?.record })],
  [
    'reads no record with a _secret',
    A_SECRET,
    (good) => ({ read: (key) => (good.read(key)?.record._secret ? undefined : good.read(key)) }),
  ],
  [
    'creates over what is there',
    'conditional writes: create leaves a record that is there as it is',
    (good) => ({ create: (...call: Parameters<MemoryStore['set']>) => (good.set(...call), { revision: 'any' }) }),
  ],
  [
    'says that a key is taken, and writes all the same',
    'conditional writes: create leaves a record that is there as it is',
    (good) => ({
      create: (...call: Parameters<MemoryStore['create']>) => {
        const created = good.create(...call)
        if (!created) good.set(...call)
        return created
      },
    }),
  ],
  [
    'takes no key twice',
    'conditional writes: create takes the key of a record that has expired, at once',
    (good) => {
      const used = new Set<string>()
      const create = (key: string, ...rest: [SessionRecord, number]) =>
        used.has(key) ? undefined : (used.add(key), good.create(key, ...rest))
      return { create }
    },
  ],
  [
    'looks whether a key is free, and writes then',
    'conditional writes: of many that create, one does',
    (good) => ({
      create: async (key, ...rest: [SessionRecord, number]) => {
        if (good.read(key)) return undefined
        await pause()
        good.set(key, ...rest)
        return { revision: good.read(key)?.revision }
      },
    }),
  ],
  [
    'writes nothing, and says that it did',
    'conditional writes: replace writes at the revision that was read',
    () => ({ replace: (_key, _record, _life, revision) => ({ outcome: 'written', revision }) }),
  ],
  [
    'tells the revision from before',
    'conditional writes: replace writes at the revision that was read',
    (good) => ({
      replace: (...call: Parameters<MemoryStore['replace']>) => ({ ...good.replace(...call), revision: call[3] }),
    }),
  ],
  [
    'does not look at the revision',
    'conditional writes: replace writes nothing where another one has written',
    (good) => ({
      replace: (key, record, life, _revision, context) =>
        good.replace(key, record, life, good.read(key)?.revision, context),
    }),
  ],
  [
    'tells of a conflict, and writes all the same',
    'conditional writes: replace writes nothing where another one has written',
    (good) => ({
      replace: (...call: Parameters<MemoryStore['replace']>) => {
        const result = good.replace(...call)
        if (result.outcome === 'conflict') good.set(call[0], call[1], call[2])
        return result
      },
    }),
  ],
  [
    'writes what is not there',
    'conditional writes: replace does not bring a destroyed record back',
    (good) => ({
      replace: (...call: Parameters<MemoryStore['replace']>) => {
        const result = good.replace(...call)
        if (result.outcome === 'missing') good.set(call[0], call[1], call[2])
        return result
      },
    }),
  ],
  [
    'takes what is missing for a conflict',
    'conditional writes: replace does not bring a destroyed record back',
    (good) => ({
      replace: (...call: Parameters<MemoryStore['replace']>) =>
        good.read(call[0]) ? good.replace(...call) : { outcome: 'conflict' },
    }),
  ],
  [
    'replaces what has expired, and tells nobody',
    GONE_READ,
    (good) => {
      const { records, overrides } = withMemory(good)
      return {
        ...overrides,
        destroy: (key, ...rest: [any]) => (records.delete(key), good.destroy(key, ...rest)),
        replace: (key, record, life, ...rest: [unknown, any]) => {
          const result = good.replace(key, record, life, ...rest)
          if (result.outcome === 'missing' && records.has(key)) good.set(key, record, life)
          return result
        },
      }
    },
  ],
  [
    'counts what has expired as destroyed',
    GONE_READ,
    (good) => {
      const { records, overrides } = withMemory(good)
      return { ...overrides, destroy: (key, ...rest: [any]) => good.destroy(key, ...rest) || records.delete(key) }
    },
  ],
  [
    'compares the revision, and writes then',
    'conditional writes: of many that replace one revision, one does',
    (good) => ({
      replace: async (key, record, life, revision, context) => {
        if (good.read(key)?.revision !== revision) return { outcome: 'conflict' }
        await pause()
        return good.replace(key, record, life, good.read(key)?.revision, context)
      },
    }),
  ],
  [
    'says that it has destroyed, whatever it did',
    'conditional writes: destroy tells whether there was a record',
    (good) => ({ destroy: (...call: [string, any]) => (good.destroy(...call), true) }),
  ],
  [
    'says nothing of what it destroyed',
    'conditional writes: destroy tells whether there was a record',
    (good) => ({ destroy: (...call: [string, any]) => void good.destroy(...call) }),
  ],
  [
    'looks whether there is a record, and destroys then',
    'conditional writes: of many that destroy, one does',
    (good) => ({
      destroy: async (key) => {
        const isThere = good.read(key) !== undefined
        await pause()
        good.destroy(key)
        return isThere
      },
    }),
  ],
  [
    'says that it has created what is taken',
    'conditional writes: create leaves a record that is there as it is',
    (good) => ({
      create: (...call: Parameters<MemoryStore['create']>) => good.create(...call) ?? { revision: 'none' },
    }),
  ],
  [
    'says that a key is taken that was, and writes all the same',
    'conditional writes: create takes the key of a record that has expired, at once',
    (good) => {
      const { records, overrides } = withMemory(good)
      const create = (key: string, ...rest: [SessionRecord, number]) => {
        const wasThere = records.has(key)
        const created = overrides.create(key, ...rest)
        return wasThere ? undefined : created
      }
      return { ...overrides, create }
    },
  ],
  [
    'says that it has created where something has expired, and keeps nothing',
    'conditional writes: create takes the key of a record that has expired, at once',
    (good) => {
      const { records, overrides } = withMemory(good)
      const create = (key: string, ...rest: [SessionRecord, number]) =>
        records.has(key) ? { revision: 'none' } : overrides.create(key, ...rest)
      return { ...overrides, create }
    },
  ],
  ...[
    'conditional writes: replace writes at the revision that was read',
    'conditional writes: destroy at what was read leaves a record without _expire that was written since',
    'conditional writes: destroy at what was read leaves a record with _expire that was written since',
  ].map((title): Fault => [
    'has a word of its own for what is written',
    title,
    (good) => ({
      replace: (...call: Parameters<MemoryStore['replace']>) => {
        const result = good.replace(...call)
        return result.outcome === 'written' ? { ...result, outcome: 'done' } : result
      },
    }),
  ]),
  ...[
    'conditional writes: replace writes nothing where another one has written',
    'conditional writes: of many that replace one revision, one does',
  ].map((title): Fault => [
    'takes a conflict for what is missing',
    title,
    (good) => ({
      replace: (...call: Parameters<MemoryStore['replace']>) => {
        const result = good.replace(...call)
        return result.outcome === 'conflict' ? { outcome: 'missing' } : result
      },
    }),
  ]),
  [
    'takes the one that has written for one that is missing',
    'conditional writes: of many that replace one revision, one does',
    (good) => ({
      replace: (...call: Parameters<MemoryStore['replace']>) => {
        const result = good.replace(...call)
        return result.outcome === 'written' ? { outcome: 'missing' } : result
      },
    }),
  ],
  [
    'takes what has expired for a conflict',
    GONE_READ,
    (good) => {
      const { records, overrides } = withMemory(good)
      const replace = (key: string, ...rest: [SessionRecord, number, unknown]) => {
        const result = good.replace(key, ...rest)
        return result.outcome === 'missing' && records.has(key) ? { outcome: 'conflict' } : result
      }
      return { ...overrides, replace }
    },
  ],
  [
    'brings back what has expired where it is asked to destroy it',
    GONE_READ,
    (good) => {
      const { records, overrides } = withMemory(good)
      const destroy = (key: string, context: any) => {
        const isDestroyed = good.destroy(key, context)
        if (!isDestroyed && records.has(key)) good.set(key, records.get(key) as SessionRecord, LONG)
        return isDestroyed
      }
      return { ...overrides, destroy }
    },
  ],
  [
    'says that it has destroyed nothing, whatever it did',
    'conditional writes: destroy tells whether there was a record',
    (good) => ({ destroy: (...call: [string, any]) => (good.destroy(...call), false) }),
  ],
  ...['without', 'with'].flatMap((what): Fault[] => [
    [
      `destroys nothing on a condition, ${what} _expire`,
      `conditional writes: destroy at what was read removes a record ${what} _expire, once`,
      (good) => ({ destroy: (key, context) => (context.at ? false : good.destroy(key, context)) }),
    ],
    [
      `does not say that it has destroyed on a condition, ${what} _expire`,
      `conditional writes: destroy at what was read removes a record ${what} _expire, once`,
      (good) => ({ destroy: (key, context) => good.destroy(key, context) && !context.at }),
    ],
    [
      `says once that it has destroyed on a condition, and leaves the record, ${what} _expire`,
      `conditional writes: destroy at what was read removes a record ${what} _expire, once`,
      (good) => {
        const told = new Set<string>()
        return {
          destroy: (key, { at }) =>
            at !== undefined && good.read(key) !== undefined && !told.has(key) && !!told.add(key),
        }
      },
    ],
    [
      `says that it has destroyed on a condition what is gone, ${what} _expire`,
      `conditional writes: destroy at what was read removes a record ${what} _expire, once`,
      (good) => ({ destroy: (key, context) => good.destroy(key, context) || !good.read(key) }),
    ],
    ...[
      `conditional writes: destroy at what was read leaves a record ${what} _expire that was written since`,
      `conditional writes: destroy at another _expire leaves a record ${what} one`,
    ].flatMap((title): Fault[] => [
      [
        'leaves what does not meet the condition, and says that it has destroyed it',
        title,
        (good) => ({ destroy: (key, context) => good.destroy(key, context) || context.at !== undefined }),
      ],
      [
        'destroys what does not meet the condition, and says that it has not',
        title,
        (good) => ({ destroy: (key, context) => good.destroy(key, context) || (good.destroy(key), false) }),
      ],
    ]),
    [
      `destroys on any condition, ${what} _expire`,
      `conditional writes: destroy at what was read leaves a record ${what} _expire that was written since`,
      (good) => ({ destroy: (key) => good.destroy(key) }),
    ],
    [
      `does not look at _expire when it destroys, ${what} one`,
      `conditional writes: destroy at another _expire leaves a record ${what === 'with' ? 'with' : 'without'} one`,
      (good) => ({
        destroy: (key, { ctx, at }) => {
          const expire = good.read(key)?.record._expire
          return good.destroy(key, at ? { ctx, at: { ...at, expire } } : { ctx })
        },
      }),
    ],
  ]),
]

/** A touch that changes a record as it likes, past what a good one would do. */
const touchWith = (change: (good: MemoryStore, key: string, expire: number | undefined, life: number) => void) => {
  return (good: MemoryStore): Overrides => ({
    touch: (key, expire, life, context) => {
      const result = good.touch(key, expire, life, context)
      change(good, key, expire, life)
      return result
    },
  })
}
const rewrite = (good: MemoryStore, key: string, more: object, life = LONG) => {
  const found = good.read(key)
  if (found) good.set(key, { ...found.record, ...more }, life)
}

/** A store that remembers which records were touched. */
const withTouched = (change: (good: MemoryStore, touched: Set<string>) => Overrides) => {
  return (good: MemoryStore): Overrides => {
    const touched = new Set<string>()
    const touch = (key: string, ...rest: [number | undefined, number, any]) => (
      touched.add(key),
      good.touch(key, ...rest)
    )
    return { touch, ...change(good, touched) }
  }
}

const TOUCH: Fault[] = [
  [
    'extends no life',
    EXTENDS,
    (good) => ({ touch: (key, _expire, _life, context) => good.touch(key, undefined, 1, context) }),
  ],
  [
    'extends a life, and says that there is none',
    EXTENDS,
    (good) => ({ touch: (...call: Parameters<MemoryStore['touch']>) => (good.touch(...call), { outcome: 'missing' }) }),
  ],
  [
    'moves no _expire',
    EXTENDS,
    (good) => ({ touch: (key, _expire, life, context) => good.touch(key, undefined, life, context) }),
  ],
  ['moves _maxAge too', EXTENDS, touchWith((good, key, _expire, life) => rewrite(good, key, { _maxAge: life }))],
  ['sets the life that it is told', NO_SHORTER, touchWith((good, key, _expire, life) => rewrite(good, key, {}, life))],
  [
    'sets the _expire that it is told',
    NO_SHORTER,
    touchWith((good, key, expire) => rewrite(good, key, { _expire: expire })),
  ],
  [
    'counts the rows that it has changed',
    'touch: a touch that changes nothing finds the record all the same',
    (good) => ({
      touch: (key, expire, life, context) => {
        const isSame = good.read(key)?.record._expire === expire
        const result = good.touch(key, expire, life, context)
        return isSame ? { outcome: 'missing' } : result
      },
    }),
  ],
  [
    'finds what is missing',
    'touch: touch creates nothing',
    (good) => ({ touch: (...call: Parameters<MemoryStore['touch']>) => (good.touch(...call), { outcome: 'written' }) }),
  ],
  ...['touch: touch creates nothing', GONE_AT].map((title): Fault => [
    'creates what is missing',
    title,
    touchWith((good, key, _expire, life) => void (good.read(key) ?? good.set(key, {}, life))),
  ]),
  ...['touch: touch does not bring an expired record back', EXPIRED_AT].map((title): Fault => [
    'brings back what has expired',
    title,
    (good) => {
      const { records, overrides } = withMemory(good)
      const touch = (key: string, expire: number | undefined, life: number, context: any) => {
        const result = good.touch(key, expire, life, context)
        if (result.outcome === 'missing' && records.has(key)) good.set(key, records.get(key) as SessionRecord, life)
        return result
      }
      return { ...overrides, touch }
    },
  ]),
  [
    'gives each record an _expire',
    'touch: touch leaves a record without _expire without one',
    touchWith((good, key, _expire, life) => rewrite(good, key, { _expire: Date.now() + life })),
  ],
  [
    'changes the revision with each touch',
    EXTENDS_AT,
    touchWith((good, key, expire) => rewrite(good, key, { touched: expire })),
  ],
  [
    'extends no life at a revision',
    EXTENDS_AT,
    (good) => ({ touch: (key, expire, _life, context) => good.touch(key, expire, 1, context) }),
  ],
  [
    'moves no _expire at a revision',
    EXTENDS_AT,
    (good) => ({ touch: (key, _expire, life, context) => good.touch(key, undefined, life, context) }),
  ],
  [
    'reads what was touched at a revision of its own',
    EXTENDS_AT,
    withTouched((good, touched) => ({
      read: (key) => (touched.has(key) ? { ...good.read(key), revision: 'its own' } : good.read(key)),
    })),
  ],
  [
    'replaces nothing that was touched',
    EXTENDS_AT,
    withTouched((good, touched) => ({
      replace: (...call: Parameters<MemoryStore['replace']>) =>
        touched.has(call[0]) ? { outcome: 'conflict' } : good.replace(...call),
    })),
  ],
  [
    'tells no revision',
    EXTENDS_AT,
    (good) => ({ touch: (...call: Parameters<MemoryStore['touch']>) => ({ outcome: good.touch(...call).outcome }) }),
  ],
  [
    'sets the life that it is told at a revision',
    'touch: touch at the revision that was read makes no life shorter, also where it changes nothing',
    touchWith((good, key, _expire, life) => rewrite(good, key, {}, life)),
  ],
  [
    'does not look at the revision when it touches',
    CONFLICT_AT,
    (good) => ({
      touch: (key, expire, life, { revision: _revision, ...context }) => good.touch(key, expire, life, context),
    }),
  ],
  [
    'tells of a conflict, and extends all the same',
    CONFLICT_AT,
    (good) => ({
      touch: (key, expire, life, context) => {
        const result = good.touch(key, expire, life, context)
        if (result.outcome === 'conflict') good.touch(key, expire, life)
        return result
      },
    }),
  ],
  [
    'takes what is gone for a conflict',
    GONE_AT,
    (good) => ({
      touch: (...call: Parameters<MemoryStore['touch']>) =>
        good.read(call[0]) ? good.touch(...call) : { outcome: 'conflict' },
    }),
  ],
  [
    'touches what has expired',
    EXPIRED_AT,
    (good) => {
      const { records, overrides } = withMemory(good)
      const touch = (key: string, ...rest: [number, number, any]) =>
        records.has(key) ? (good.touch(key, ...rest), { outcome: 'written' }) : good.touch(key, ...rest)
      return { ...overrides, touch }
    },
  ],
  [
    'destroys what was touched since',
    TOUCHED_SINCE,
    (good) => ({
      destroy: (key, { ctx, at }) => {
        const expire = good.read(key)?.record._expire
        return good.destroy(key, at ? { ctx, at: { ...at, expire } } : { ctx })
      },
    }),
  ],
  [
    'destroys nothing that was touched',
    TOUCHED_SINCE,
    withTouched((good, touched) => ({
      destroy: (key, context) => !touched.has(key) && good.destroy(key, context),
    })),
  ],
  [
    'destroys what was touched since, and says so when it is asked again',
    TOUCHED_SINCE,
    (good) => ({ destroy: (key) => !good.destroy(key) }),
  ],
]

/** Whether a record is gone, by what it says itself. */
const isPast = ({ _expire = Infinity }: SessionRecord) => _expire < Date.now()

/** A store whose lists keep all that was ever on them. */
const neverUnlisting = (good: MemoryStore): Overrides => {
  const listed = new Map<string, Map<string, unknown>>()
  const listByOwner = (owner: string) => {
    const all = listed.get(owner) ?? new Map<string, unknown>()
    for (const found of good.listByOwner(owner)) all.set(found.key, found)
    listed.set(owner, all)
    return [...all.values()]
  }
  return {
    set: (key, record, life, context) => {
      good.set(key, record, life, context)
      if (context?.owner) listByOwner(context.owner)
    },
    create: (key, record, life, context) => {
      const created = good.create(key, record, life, context)
      if (context?.owner) listByOwner(context.owner)
      return created
    },
    listByOwner,
  }
}

/** A store that takes the records of an owner off its list, and leaves them. */
const onlyUnlisting = (good: MemoryStore): Overrides => ({
  destroyByOwner: (owner, choice) => {
    const left = good.listByOwner(owner).map(({ key }) => [key, good.read(key)?.record as SessionRecord] as const)
    const count = good.destroyByOwner(owner, choice)
    for (const [key, record] of left) if (!good.read(key)) good.set(key, record, LONG)
    return count
  },
})

const OWNERS: Fault[] = [
  [
    'lists everybody’s records',
    'index by owner: lists the records of an owner, and no others',
    (good) => withOwners(good, () => 'everybody'),
  ],
  ...[LISTED_LIVE, ALL, ONE_AT].map((title): Fault => ['lists what it ever held', title, neverUnlisting]),
  ...[LISTED_LIVE, ONE_AT, BY_CHARACTER, BY_LENGTH].map((title): Fault => [
    'lists its records under keys of its own',
    title,
    (good) => ({
      listByOwner: (owner) => good.listByOwner(owner).map((found) => ({ ...found, key: `its own ${found.key}` })),
    }),
  ]),
  [
    'lists what is past',
    'index by owner: lists no record whose _expire is past, and does not count it among the destroyed',
    (good) => {
      const { records, overrides } = withMemory(good)
      const past = () => [...records].filter(([, record]) => isPast(record)).map(([key, record]) => ({ key, record }))
      return { ...overrides, listByOwner: (owner) => [...good.listByOwner(owner), ...past()] }
    },
  ],
  [
    'counts what is past among the destroyed',
    'index by owner: lists no record whose _expire is past, and does not count it among the destroyed',
    (good) => {
      const { records, overrides } = withMemory(good)
      const count = () => [...records.values()].filter(isPast).length
      return { ...overrides, destroyByOwner: (...call: [string]) => good.destroyByOwner(...call) + count() }
    },
  ],
  [
    'lists the control fields of tokens',
    'index by owner: lists nothing of what a record says of its tokens',
    (good) => ({
      listByOwner: (owner) =>
        good.listByOwner(owner).map((found) => ({ ...found, record: good.read(found.key)?.record })),
    }),
  ],
  [
    'excepts nobody',
    ALL_BUT_ONE,
    (good) => ({
      destroyByOwner: (owner, { except: _except, ...choice } = {} as any) => good.destroyByOwner(owner, choice),
    }),
  ],
  [
    'destroys the excepted one in the place of another',
    ALL_BUT_ONE,
    (good) => ({
      destroyByOwner: (owner, choice) =>
        good.destroyByOwner(owner, { ...choice, except: choice?.except && good.listByOwner(owner).at(-1)?.key }),
    }),
  ],
  ['takes records off the list of their owner, and leaves them', ALL_BUT_ONE, onlyUnlisting],
  [
    'counts again what it has destroyed already',
    ALL,
    (good) => {
      let last = 0
      return { destroyByOwner: (...call: [string, any]) => (last = good.destroyByOwner(...call) || last) }
    },
  ],
  [
    'counts the excepted one too',
    ALL_BUT_ONE,
    (good) => ({
      destroyByOwner: (owner, choice) => good.destroyByOwner(owner, choice) + (choice?.except === undefined ? 0 : 1),
    }),
  ],
  ...[ONE, ONE_AT].map((title): Fault => [
    'destroys the one record, and says that it has not',
    title,
    (good) => ({
      destroyByOwner: (owner, choice) => {
        const count = good.destroyByOwner(owner, choice)
        return choice?.only === undefined ? count : 0
      },
    }),
  ]),
  [
    'destroys another one than it is asked to',
    ONE,
    (good) => ({
      destroyByOwner: (owner, { only, ...choice } = {} as any) => {
        const keys = good.listByOwner(owner).map(({ key }) => key)
        const another = keys.includes(only) ? keys.find((key) => key !== only) : only
        return good.destroyByOwner(owner, { ...choice, only: another })
      },
    }),
  ],
  [
    'says of itself that it has destroyed one',
    ALL,
    (good) => ({ destroyByOwner: (...call: [string, any]) => Math.min(1, good.destroyByOwner(...call)) }),
  ],
  [
    'leaves the last record of an owner',
    ALL,
    (good) => ({
      destroyByOwner: (owner, choice) =>
        good.destroyByOwner(owner, { except: good.listByOwner(owner).at(-1)?.key, ...choice }),
    }),
  ],
  [
    'destroys all where one is meant',
    ONE,
    (good) => ({
      destroyByOwner: (owner, { only: _only, ...choice } = {} as any) => good.destroyByOwner(owner, choice),
    }),
  ],
  [
    'destroys the one record, whoever owns it',
    ONE,
    (good) => ({
      destroyByOwner: (owner, choice) => {
        if (choice?.only && !good.listByOwner(owner).some(({ key }) => key === choice.only)) {
          return good.destroy(choice.only) ? 1 : 0
        }
        return good.destroyByOwner(owner, choice)
      },
    }),
  ],
  [
    'does not look at the revision of the one record',
    ONE_AT,
    (good) => ({ destroyByOwner: (owner, { at: _at, ...choice } = {} as any) => good.destroyByOwner(owner, choice) }),
  ],
  ...[
    ['destroys what it once listed', (count: number) => count] as const,
    ['destroys what it once listed, and says nothing of it', () => 0] as const,
  ].map(([does, told]): Fault => [
    does,
    'index by owner: destroys no record that has another owner now',
    (good) => {
      const first = new Map<string, string>()
      return {
        set: (key, record, life, context) => {
          if (context?.owner && !first.has(key)) first.set(key, context.owner)
          good.set(key, record, life, context)
        },
        destroyByOwner: (owner) => told([...first].filter(([key, by]) => by === owner && good.destroy(key)).length),
      }
    },
  ]),
  [
    'counts one more than it has destroyed',
    BY_CHARACTER,
    (good) => ({ destroyByOwner: (...call: [string, any]) => good.destroyByOwner(...call) + 1 }),
  ],
  [
    'destroys the records of another owner beside those that it counts',
    BY_CHARACTER,
    (good) => ({
      destroyByOwner: (owner, choice) => {
        good.destroyByOwner(`${owner} `, choice)
        return good.destroyByOwner(owner, choice)
      },
    }),
  ],
  [
    'lists no record whose id has the form of an entry of its index',
    LIKE_AN_ID,
    (good) => ({ listByOwner: (owner) => good.listByOwner(owner).filter(({ key }) => !key.startsWith('owner:')) }),
  ],
  [
    'takes owners for one that differ by case',
    BY_CHARACTER,
    (good) => withOwners(good, (owner) => owner.toLowerCase()),
  ],
  [
    'takes owners for one that differ by a space at the end',
    BY_CHARACTER,
    (good) => withOwners(good, (owner) => owner.trimEnd()),
  ],
  [
    'takes owners for one whose accents are written in another way',
    BY_CHARACTER,
    (good) => withOwners(good, (owner) => owner.normalize()),
  ],
  [
    'keeps its index among its records',
    LIKE_AN_ID,
    (good) => ({
      destroy: (key, context) => {
        if (key.startsWith('owner:')) good.destroyByOwner(key.slice('owner:'.length))
        return good.destroy(key, context)
      },
    }),
  ],
  [
    'cuts owners at 255 bytes',
    BY_LENGTH,
    (good) => withOwners(good, (owner) => Buffer.from(owner).subarray(0, 255).toString()),
  ],
  ['cuts owners at 255 characters', BY_LENGTH, (good) => withOwners(good, (owner) => owner.slice(0, 255))],
  [
    'says nothing of a longer owner, and writes nothing',
    BY_LENGTH,
    (good) => ({
      set: (key, record, life, context) => {
        if ([...(context?.owner ?? '')].length <= 255) good.set(key, record, life, context)
      },
    }),
  ],
  [
    'lists nothing of a longer owner',
    BY_LENGTH,
    (good) => ({ listByOwner: (owner) => ([...owner].length > 255 ? [] : good.listByOwner(owner)) }),
  ],
  ...[BY_LENGTH, NO_OWNER].map((title): Fault => [
    'refuses an owner, and writes the record all the same',
    title,
    (good) => ({
      set: (key, record, life, context) => {
        good.set(key, record, life)
        good.set(key, record, life, context)
      },
    }),
  ]),
  [
    'makes a text of every owner',
    NO_OWNER,
    (good) => ({
      set: (key, record, life, context) =>
        good.set(key, record, life, { ...context, owner: String(context?.owner).replace('\0', '') }),
    }),
  ],
  [
    'lists nothing of what is no owner',
    NO_OWNER,
    (good) => ({ listByOwner: (owner) => (isText(owner) ? good.listByOwner(owner) : []) }),
  ],
  [
    'destroys nothing of what is no owner',
    NO_OWNER,
    (good) => ({ destroyByOwner: (owner, choice) => (isText(owner) ? good.destroyByOwner(owner, choice) : 0) }),
  ],
]

const MARKS: Fault[] = [
  [
    'has a clock that stands still',
    'index by owner: an owner has no mark at first, and the time goes on',
    (good) => ({ readMark: (owner) => ({ ...good.readMark(owner), now: 1 }) }),
  ],
  [
    'has a mark at first',
    'index by owner: an owner has no mark at first, and the time goes on',
    (good) => ({
      readMark: (owner) => ({ now: good.readMark(owner).now, notBefore: good.readMark(owner).notBefore ?? 0 }),
    }),
  ],
  [
    'sets marks by another clock',
    'index by owner: a mark is the time at which it was set',
    (good) => ({
      readMark: (owner) => {
        const { now, notBefore } = good.readMark(owner)
        return { now, notBefore: notBefore === undefined ? undefined : notBefore + 60_000 }
      },
    }),
  ],
  ['sets no mark', 'index by owner: a mark is the time at which it was set', () => ({ setMark: () => undefined })],
  [
    'keeps the first mark',
    'index by owner: a mark that is set again is later, and that of another owner stays',
    (good) => ({ setMark: (owner) => void (good.readMark(owner).notBefore ?? good.setMark(owner)) }),
  ],
  [
    'has one mark for all',
    'index by owner: a mark that is set again is later, and that of another owner stays',
    (good) => ({ setMark: () => good.setMark('all'), readMark: () => good.readMark('all') }),
  ],
  [
    'sets the same mark twice within a millisecond',
    'index by owner: marks that are set one after the other are each later than the one before',
    (good) => ({
      readMark: (owner) => {
        const { now, notBefore } = good.readMark(owner)
        return { now, notBefore: notBefore === undefined ? undefined : Math.floor(notBefore / 100) * 100 }
      },
    }),
  ],
  [
    'has one mark for owners that differ by a space',
    OTHER_MARKS,
    (good) => withOwners(good, (owner) => owner.trimEnd()),
  ],
  [
    'keeps marks as records of other keys',
    OTHER_MARKS,
    (good) => ({ setMark: (owner) => (good.setMark(owner), good.set(`mark:${owner}`, {}, LONG, { owner } as never)) }),
  ],
  [
    'keeps marks as records that it does not list',
    OTHER_MARKS,
    (good) => ({ setMark: (owner) => (good.setMark(owner), good.set(owner, {}, LONG)) }),
  ],
  [
    'keeps marks as records',
    OTHER_MARKS,
    (good) => ({ setMark: (owner) => (good.setMark(owner), good.set(owner, {}, LONG, { owner } as never)) }),
  ],
  [
    'sets a mark of what is no owner',
    'index by owner: a mark is refused for what is no owner',
    (good) => ({ setMark: (owner) => good.setMark(String(owner).slice(0, 200).replace('\0', '')) }),
  ],
  [
    'reads a mark of what is no owner',
    'index by owner: a mark is refused for what is no owner',
    (good) => ({ readMark: (owner) => good.readMark(String(owner).slice(0, 200).replace('\0', '')) }),
  ],
]

const OWNER_CHANGES: Fault[] = [
  [
    'forgets whose a record was where it is told no owner',
    MOVES,
    (good) => {
      let last: string | undefined
      return {
        replace: (key, record, life, revision, context) => {
          last = context.owner ?? last
          return good.replace(key, record, life, revision, { ...context, owner: last })
        },
      }
    },
  ],
  [
    'keeps a list for the first owner of a record alone',
    MOVES,
    (good) => {
      let first: string | undefined
      return {
        replace: (key, record, life, revision, { owner, ...context }) => {
          first ??= owner
          return good.replace(key, record, life, revision, owner === first ? { ...context, owner } : context)
        },
      }
    },
  ],
  [
    'lists at another revision each time',
    LISTED_AT,
    (good) => {
      let n = 0
      return { listByOwner: (owner) => good.listByOwner(owner).map((found) => ({ ...found, revision: `list ${++n}` })) }
    },
  ],
  [
    'lists at one revision for ever, and takes it',
    LISTED_AT,
    (good) => ({
      listByOwner: (owner) => good.listByOwner(owner).map((found) => ({ ...found, revision: 'any' })),
      replace: (key, record, life, revision, context) =>
        good.replace(key, record, life, revision === 'any' ? good.read(key)?.revision : revision, context),
    }),
  ],
  ['takes records off the list of their owner, and leaves them', WHILE_ENDED, onlyUnlisting],
  ['lists what it ever held', WHILE_ENDED, neverUnlisting],
  [
    'lists at a revision of its own',
    LISTED_AT,
    (good) => ({ listByOwner: (owner) => good.listByOwner(owner).map((found) => ({ ...found, revision: 'its own' })) }),
  ],
  [
    'tidies its index while it lists, and writes it where the owner is another one',
    'index by owner: what is created, listed and replaced at the same time is not lost',
    (good) => ({
      create: async (key, record, life, { owner: _owner, ...context }) => {
        const created = good.create(key, record, life, context)
        await pause()
        return created
      },
      replace: (key, record, life, revision, { owner, ...context }) => {
        const isListed = good.listByOwner(owner).some((found) => found.key === key)
        return good.replace(key, record, life, revision, isListed ? { ...context, owner } : context)
      },
    }),
  ],
  [
    'destroys what it found when it began',
    WHILE_ENDED,
    (good) => ({
      destroyByOwner: async (owner, choice) => {
        const found = good.listByOwner(owner)
        await pause()
        for (const { key, revision } of found) good.destroyByOwner(owner, { ...choice, only: key, at: { revision } })
        return found.length
      },
      replace: async (...call: Parameters<MemoryStore['replace']>) => {
        await Promise.resolve()
        return good.replace(...call)
      },
    }),
  ],
]

/** The ends of a MemoryStore, which answers at once. */
const endsOf = (good: MemoryStore) => good as unknown as MemoryEnds

const ENDS: Fault[] = [
  [
    'finds an end of every key',
    'ends: knows no end of a key that was not ended, and has a beginning and a clock',
    (good) => ({
      readEnds: (keys, ...rest: [any]) => ({
        ...endsOf(good).readEnds(keys, ...rest),
        found: keys.map(() => ({ position: 1, at: 1 })),
      }),
    }),
  ],
  [
    'is born anew each time',
    'ends: knows no end of a key that was not ended, and has a beginning and a clock',
    (good) => {
      let born = 0
      return { readEnds: (...call: [string[], any]) => ({ ...endsOf(good).readEnds(...call), born: ++born }) }
    },
  ],
  [
    'does not tell what the end of the key was before',
    POSITION,
    (good) => ({ setEnd: (...call: [string, any]) => ({ ...endsOf(good).setEnd(...call), was: undefined }) }),
  ],
  [
    'finds ends in another order than that of the keys',
    POSITION,
    (good) => ({
      readEnds: (...call: [string[], any]) => {
        const answer = endsOf(good).readEnds(...call)
        return { ...answer, found: [...answer.found].reverse() }
      },
    }),
  ],
  [
    'counts its positions down',
    POSITION,
    (good) => {
      const turned = (end: any) => end && { ...end, position: -end.position }
      return {
        setEnd: (...call: [string, any]) => {
          const set = endsOf(good).setEnd(...call)
          return set && { end: turned(set.end), was: turned(set.was), before: -set.before }
        },
        readEnds: (...call: [string[], any]) => {
          const answer = endsOf(good).readEnds(...call)
          return { ...answer, found: answer.found.map(turned), last: turned(answer.last) }
        },
      }
    },
  ],
  [
    'gives every end one position, which it names as the one before it',
    ONE_BY_ONE,
    (good) => ({
      setEnd: (...call: [string, any]) => {
        const set = endsOf(good).setEnd(...call)
        return set && { ...set, before: 1, end: { ...set.end, position: 1 } }
      },
    }),
  ],
  ...[
    ['does not say whom the first end of a key spares', true] as const,
    ['does not say whom a later end of a key spares', false] as const,
  ].map(([does, isFirst]): Fault => [
    does,
    SPARED,
    (good) => ({
      setEnd: (...call: [string, any]) => {
        const set = endsOf(good).setEnd(...call)
        if (!set || (set.was === undefined) !== isFirst) return set
        return { ...set, end: { ...set.end, except: undefined } }
      },
    }),
  ]),
  ...[
    [
      'has news where there are none',
      ({ news, ...answer }: any) => ({ ...answer, news: news.length ? news : [['any', { position: 1, at: 1 }]] }),
    ] as const,
    [
      'takes two new ends for those of another store',
      (answer: any) => ({ ...answer, continues: answer.continues && answer.news.length < 2 }),
    ] as const,
    [
      'tells the last of several new ends alone',
      ({ news, ...answer }: any) => ({ ...answer, news: news.slice(-1) }),
    ] as const,
  ].map(([does, change]): Fault => [
    does,
    NEWS,
    (good) => ({
      readEnds: (keys, options) => {
        const answer = endsOf(good).readEnds(keys, options)
        return options?.after ? change(answer) : answer
      },
    }),
  ]),
  [
    'does not tell the last end',
    POSITION,
    (good) => ({
      readEnds: (...call: [string[], any]) => ({ ...endsOf(good).readEnds(...call), last: { position: 0, key: '' } }),
    }),
  ],
  [
    'tells the time as a text',
    'ends: knows no end of a key that was not ended, and has a beginning and a clock',
    (good) => ({
      readEnds: (...call: [string[], any]) => ({ ...endsOf(good).readEnds(...call), now: '2030' }),
    }),
  ],
  [
    'is born after its last end',
    'ends: knows no end of a key that was not ended, and has a beginning and a clock',
    (good) => ({
      readEnds: (...call: [string[], any]) => ({ ...endsOf(good).readEnds(...call), born: Number.MAX_SAFE_INTEGER }),
    }),
  ],
  ['refuses every end', POSITION, () => ({ setEnd: () => undefined })],
  [
    'tells of an end before the first one',
    POSITION,
    (good) => ({
      setEnd: (...call: [string, any]) => {
        const set = endsOf(good).setEnd(...call)
        return set && { ...set, was: set.was ?? { position: 0, at: 0 } }
      },
    }),
  ],
  [
    'does not tell whose the last end is',
    POSITION,
    (good) => ({
      readEnds: (...call: [string[], any]) => {
        const answer = endsOf(good).readEnds(...call)
        return { ...answer, last: { ...answer.last, key: '' } }
      },
    }),
  ],
  [
    'does not tell the position of the end before',
    ONE_BY_ONE,
    (good) => ({ setEnd: (...call: [string, any]) => ({ ...endsOf(good).setEnd(...call), before: 0 }) }),
  ],
  [
    'says that it has spared, and sets nothing',
    SPARED,
    (good) => ({
      setEnd: (key, options) =>
        endsOf(good).setEnd(key, options) ?? { end: endsOf(good).readEnds([key]).found[0], before: 0, was: undefined },
    }),
  ],
  [
    'refuses to spare whoever was ended before, and sets the end',
    SPARED,
    (good) => ({
      setEnd: (key, { spare, ...options }) => {
        const set = endsOf(good).setEnd(key, spare ? { ...options, spare } : options)
        if (!set) endsOf(good).setEnd(key, { ...options, spare: { ...spare, since: Infinity } })
        return set
      },
    }),
  ],
  [
    'spares for ever whom it once spared',
    SPARED,
    (good) => {
      const spared = new Map<string, unknown>()
      return {
        setEnd: (key, options) => {
          const set = endsOf(good).setEnd(key, options)
          if (options.spare) spared.set(key, options.spare.id)
          return set && { ...set, end: { ...set.end, except: spared.get(key) } }
        },
      }
    },
  ],
  [
    'ends later sessions with every end',
    'ends: keeps that an end counts for later sessions too',
    (good) => ({ setEnd: (key, options) => endsOf(good).setEnd(key, { ...options, later: true }) }),
  ],
  [
    'does not say that an end counts for later sessions',
    'ends: keeps that an end counts for later sessions too',
    (good) => ({
      setEnd: (...call: [string, any]) => {
        const set = endsOf(good).setEnd(...call)
        return set && { ...set, end: { ...set.end, later: undefined } }
      },
    }),
  ],
  [
    'has two clocks',
    'ends: says by one clock when an end was, and what time it is',
    (good) => ({ readEnds: (...call: [string[], any]) => ({ ...endsOf(good).readEnds(...call), now: 1 }) }),
  ],
  [
    'draws one position for what happens at once',
    ONE_BY_ONE,
    (good) => ({
      setEnd: async (...call: [string, any]) => {
        const { last } = endsOf(good).readEnds([])
        await pause()
        const set = endsOf(good).setEnd(...call)
        return set && { ...set, before: last.position, end: { ...set.end, position: last.position + 1 } }
      },
    }),
  ],
  [
    'tells a position before its end can be read',
    'ends: shows whoever sees a position every end up to it',
    (good) => ({
      readEnds: async (keys, options) => {
        const { found } = endsOf(good).readEnds(keys, options)
        await pause()
        return { ...endsOf(good).readEnds(keys, options), found }
      },
      setEnd: async (...call: [string, any]) => {
        await Promise.resolve()
        return endsOf(good).setEnd(...call)
      },
    }),
  ],
  [
    'spares nobody',
    SPARED,
    (good) => ({ setEnd: (key, { spare: _spare, ...options }) => endsOf(good).setEnd(key, options) }),
  ],
  [
    'spares whoever was ended before',
    SPARED,
    (good) => ({
      setEnd: (key, { spare, ...options }) =>
        endsOf(good).setEnd(key, spare ? { ...options, spare: { ...spare, since: Infinity } } : options),
    }),
  ],
  [
    'forgets that later sessions are ended',
    'ends: keeps that an end counts for later sessions too',
    (good) => ({
      readEnds: (...call: [string[], any]) => {
        const answer = endsOf(good).readEnds(...call)
        return { ...answer, found: answer.found.map((end) => end && { ...end, later: undefined }) }
      },
    }),
  ],
  [
    'keeps an end for the last life that it was given',
    'ends: keeps an end for the longest life that it was given',
    (good) => {
      const until = new Map<string, number>()
      return {
        setEnd: (key, options) => (until.set(key, Date.now() + options.life), endsOf(good).setEnd(key, options)),
        readEnds: (keys: string[], ...rest: [any]) => {
          const answer = endsOf(good).readEnds(keys, ...rest)
          const isKept = (key: string) => (until.get(key) ?? 0) > Date.now()
          return { ...answer, found: answer.found.map((end, index) => (isKept(keys[index]) ? end : undefined)) }
        },
      }
    },
  ],
  [
    'tells all ends as news',
    NEWS,
    (good) => ({
      readEnds: (keys, { after } = {} as any) => {
        const { born } = endsOf(good).readEnds([])
        const answer = endsOf(good).readEnds(keys, after && { after: { position: born, key: '' } })
        return after ? { ...answer, continues: endsOf(good).readEnds([], { after }).continues } : answer
      },
    }),
  ],
  [
    'takes the end of another store for its own',
    NEWS,
    (good) => ({
      readEnds: (keys, options) => ({
        ...endsOf(good).readEnds(keys, options),
        ...(options?.after && { continues: true }),
      }),
    }),
  ],
]

/** Stores with one fault each. */
export const FAULTS: Fault[] = [
  [
    'has less than it is said to have',
    'can do what it is said to be able to do',
    () => ({ touch: undefined as never }),
  ],
  ...EVERY_STORE,
  ...CONDITIONAL,
  ...TOUCH,
  ...OWNERS,
  ...MARKS,
  ...OWNER_CHANGES,
  ...ENDS,
]
