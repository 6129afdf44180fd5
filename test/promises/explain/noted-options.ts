import { MemoryStore, type SessionOptions } from 'koa-session-service'
import type { Context } from 'koa'

type Answer = (...args: never[]) => unknown

/** Options whose functions note that they were called. */
interface Noted {
  readonly options: SessionOptions
  readonly calls: string[]
}

function noted(answers: Partial<Record<keyof SessionOptions, Answer>>, more: Partial<SessionOptions> = {}): Noted {
  const calls: string[] = []
  const note = ([name, answer]: [string, Answer]): [string, Answer] => [
    name,
    (...args) => {
      calls.push(name)
      return answer(...args)
    },
  ]
  return { options: { ...Object.fromEntries(Object.entries(answers).map(note)), ...more }, calls }
}

const HOUR = 3_600_000
const ofBoth: Partial<Record<keyof SessionOptions, Answer>> = {
  path: () => '/',
  sameSite: () => 'lax',
  priority: () => 'high',
  signed: () => true,
  secure: () => false,
  httpOnly: () => true,
  partitioned: () => false,
  valid: () => true,
  beforeSave: () => undefined,
  commitOnError: () => true,
  owner: (data: { user?: string }) => data.user,
  // As long as the session lives, which no two calls agree about.
  idleTimeout: () => HOUR + performance.now(),
  absoluteTimeout: () => HOUR + performance.now(),
}
const BASE64 = 'base64'

/** Every option that is a function, for a session in its cookie and for one in a store. */
export const FUNCTIONS: [what: string, make: () => Noted][] = [
  [
    'a cookie',
    () =>
      noted({
        ...ofBoth,
        encode: (record: object) => Buffer.from(JSON.stringify(record)).toString(BASE64),
        decode: (text: string) => JSON.parse(Buffer.from(text, BASE64).toString()) as unknown,
      }),
  ],
  [
    'a store',
    () => {
      let id = 0
      const made = noted(
        {
          ...ofBoth,
          genid: () => `made-by-the-shop-${++id}`,
          device: () => ({ name: 'a phone' }),
          onStoreError: () => 'throw',
          onConflict: (_key: string, { ours }: { ours?: unknown }) => ours,
        },
        { store: new MemoryStore() },
      )
      const by = (): string[] => {
        made.calls.push('by')
        return ['team:1']
      }
      const allow = (_ctx: Context): boolean => {
        made.calls.push('allow')
        return true
      }
      return { ...made, options: { ...made.options, ends: { store: new MemoryStore(), by }, crossSite: { allow } } }
    },
  ],
]
