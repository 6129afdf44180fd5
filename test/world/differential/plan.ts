import type { KOA_VERSIONS } from '../../support/app/app'

/** Whether a handler awaits a method of the session, gives it a callback, leaves it alone, or catches what it throws. */
export type How = 'await' | 'callback' | 'leave' | 'catch'

/** One thing that a handler does with its session. */
export type Action =
  | { do: 'set' | 'nest'; key: string; value: unknown }
  | { do: 'delete'; key: string }
  | { do: 'empty' | 'copy' | 'null' | 'read' | 'externalKey' | 'cookie' }
  | { do: 'assign' | 'replace'; data: object }
  | { do: 'assign wrong'; data: unknown }
  | { do: 'maxAge' | 'sessionOptions.maxAge'; maxAge: number | 'session' }
  | { do: 'sessionOptions.path'; path: string }
  | { do: 'save' | 'regenerate' | 'manuallyCommit'; how: How }

/** What a visitor does to the cookies, or to the header, before a request. */
export type Client = 'keeps' | 'forgets' | 'replays' | 'alters' | 'unsigns' | 'invents'

/** One request. */
export interface Step {
  /** How far the clock goes on before it, in milliseconds. */
  advance: number
  client: Client
  https: boolean
  /** Done before the session middleware. */
  early: Action | undefined
  /** Done by the handler. */
  actions: Action[]
  /** Whether `ctx.session` is read once more when the session middleware is through. */
  late: boolean
  throws: boolean
}

/** The options that are functions. */
export type Hook = 'valid' | 'beforeSave' | 'codec' | 'genid' | 'externalKey'

/** The options that are plain values. */
export interface PlainOptions {
  key?: string
  rolling?: boolean
  renew?: boolean
  autoCommit?: boolean
  overwrite?: boolean
  httpOnly?: boolean
  signed?: boolean
  secure?: boolean
  sameSite?: 'lax' | 'strict' | 'none'
  partitioned?: boolean
  priority?: 'low' | 'medium' | 'high'
  domain?: string
  path?: string
  expires?: Date
  prefix?: string
}

/** One visitor's requests to one app. */
export interface Plan {
  koa: keyof typeof KOA_VERSIONS
  /** Where records rest; beside MemoryStore, koa-session has a plain store. */
  backend: 'cookie' | 'plain' | 'ContextStore' | 'MemoryStore'
  maxAge: number | 'session'
  options: PlainOptions
  hooks: Hook[]
  /** Whether the store, and this library's hooks, answer later. */
  isAsync: boolean
  steps: Step[]
}

/** The default lifetime of both libraries, in milliseconds. */
export const ONE_DAY = 86_400_000

/** A plan of a few requests, where nothing else is said a visitor with a browser and an app with the defaults. */
export function planOf(plan: Partial<Omit<Plan, 'steps'>>, ...steps: Partial<Step>[]): Plan {
  return {
    koa: 'koa 3',
    backend: 'cookie',
    maxAge: ONE_DAY,
    options: {},
    hooks: [],
    isAsync: false,
    ...plan,
    steps: steps.map((step) => ({
      advance: 0,
      client: 'keeps',
      https: false,
      early: undefined,
      actions: [],
      late: false,
      throws: false,
      ...step,
    })),
  }
}
