import fc, { type Arbitrary } from 'fast-check'
import { ONE_DAY, type Action, type Client, type Hook, type Plan, type PlainOptions, type Step } from './plan'

const LIFETIMES = [ONE_DAY, 60_000, 1_000]
const lifetime = fc.constantFrom<number | 'session'>(...LIFETIMES, 'session')
const KEYS = ['a', 'b', 'bad', 'views', '10', '2', '', 'ключ', '_private', 'constructor', 'hasOwnProperty', 'inspect']
const key = fc.constantFrom(...KEYS)
const value = fc.oneof(
  fc.nat(9),
  fc.string({ maxLength: 8, unit: 'binary' }),
  fc.constantFrom(null, undefined, true, NaN, new Date(0), parseInt),
  fc.jsonValue({ maxDepth: 2, depthSize: 'small', stringUnit: 'grapheme' }),
)
const data = fc.dictionary(key, value, { maxKeys: 3, noNullPrototype: true })

const verb = <Name extends Action['do']>(...names: Name[]): Arbitrary<Name> => fc.constantFrom(...names)
const weighted = (...[weight, arbitrary]: [number, Arbitrary<Action>]) => ({ weight, arbitrary })

const action = fc.oneof(
  weighted(8, fc.record({ do: verb('set'), key, value })),
  weighted(3, fc.record({ do: verb('nest'), key, value })),
  weighted(3, fc.record({ do: verb('delete'), key })),
  weighted(10, fc.record({ do: verb('read', 'empty', 'copy', 'null', 'externalKey', 'cookie') })),
  weighted(2, fc.record({ do: verb('assign'), data: fc.oneof(data, fc.array(value, { maxLength: 2 })) })),
  weighted(1, fc.record({ do: verb('replace'), data })),
  weighted(1, fc.record({ do: verb('assign wrong'), data: fc.constantFrom('', 'x', 0, 5, true, undefined, parseInt) })),
  weighted(2, fc.record({ do: verb('maxAge', 'sessionOptions.maxAge'), maxAge: lifetime })),
  weighted(1, fc.record({ do: verb('sessionOptions.path'), path: fc.constantFrom('/', '/app') })),
  weighted(3, fc.record({ do: verb('save'), how: fc.constantFrom('await', 'callback', 'leave', 'catch') })),
  weighted(4, fc.record({ do: verb('regenerate', 'manuallyCommit'), how: fc.constantFrom('await', 'callback') })),
)

/** R3: with a store, what is saved before the session middleware is not what it goes on with. */
const NOT_EARLY: Action['do'][] = ['save', 'regenerate', 'manuallyCommit', 'replace', 'externalKey']
const early = action.filter((candidate) => !NOT_EARLY.includes(candidate.do))

const AROUND_LIFETIMES = LIFETIMES.flatMap((span) =>
  [span / 2, span, span + 10_000].flatMap((end) => [end - 1, end, end + 1]),
)
const advance = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(0, 1, 400, 700, 40_000) },
  { weight: 1, arbitrary: fc.constantFrom(...AROUND_LIFETIMES) },
)

/** A condition that holds in one case of `cases`. */
const once = (cases: number): Arbitrary<boolean> => fc.nat(cases - 1).map((number) => number === cases - 1)
const mostly = once(4).map((isRare) => !isRare)

const step: Arbitrary<Step> = fc.record({
  advance,
  client: fc.oneof(
    { weight: 12, arbitrary: fc.constant('keeps' as const) },
    { weight: 3, arbitrary: fc.constantFrom<Client[]>('forgets', 'replays', 'alters', 'unsigns', 'invents') },
  ),
  https: mostly,
  early: fc.oneof({ weight: 8, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: early }),
  actions: fc.array(action, { maxLength: 5 }),
  late: once(5),
  throws: once(7),
})

const options: Arbitrary<PlainOptions> = fc
  .record(
    {
      key: fc.constantFrom('sid', 'koa:sess', '__Secure-sid'),
      rolling: fc.boolean(),
      renew: fc.boolean(),
      autoCommit: mostly,
      overwrite: mostly,
      httpOnly: fc.boolean(),
      signed: mostly,
      secure: fc.boolean(),
      sameSite: fc.constantFrom('lax', 'strict', 'none'),
      partitioned: fc.boolean(),
      priority: fc.constantFrom('low', 'medium', 'high'),
      domain: fc.constantFrom('example.com', '.example.com'),
      path: fc.constantFrom('/', '/app'),
      expires: fc.constant(new Date('2031-01-01')),
      prefix: fc.constant('pre-'),
    },
    { requiredKeys: [] },
  )
  .map(withSecure)

/** D8: what browsers refuse without Secure is refused at construction. */
function withSecure(plain: PlainOptions): PlainOptions {
  const needsSecure = plain.partitioned || plain.sameSite === 'none' || plain.key?.startsWith('__Secure-')
  return needsSecure ? { ...plain, secure: true } : plain
}

const COOKIE_HOOKS: Hook[] = ['valid', 'beforeSave', 'codec']
const STORE_HOOKS: Hook[] = ['valid', 'beforeSave', 'genid', 'externalKey']

/** Any visitor of any app whose records rest in one of `backends`: the cookie alone, or stores. */
export function plans(...backends: Plan['backend'][]): Arbitrary<Plan> {
  return fc.record({
    koa: fc.constantFrom('koa 3' as const, 'koa 2' as const),
    backend: fc.constantFrom(...backends),
    maxAge: lifetime,
    options,
    hooks: fc.subarray(backends.includes('cookie') ? COOKIE_HOOKS : STORE_HOOKS),
    isAsync: fc.boolean(),
    steps: fc.array(step, { minLength: 1, maxLength: 8 }),
  })
}
