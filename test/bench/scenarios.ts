/** What a handler does with its session. */
export type Action = 'none' | 'read' | 'write'

export interface Scenario {
  name: string
  mode: 'cookie' | 'store' | 'sealed'
  action: Action
  /** The length of the session's JSON. */
  bytes: number
  /** How many visitors take turns. */
  visitors: number
  rolling?: true
  lazy?: true
  /**
   * The session can be ended by its id and its owner, and `by` two keys more; other visitors sign out beside it. How it is judged:
   * by what the process remembers, or by a question for each request.
   */
  ends?: { memory: 'warm' | 'cold'; by?: true }
  /** The store has three methods, and answers with promises: that is koa-session's in every scenario. */
  promises?: true
  /** Which implementation is measured; `ours` by default. */
  measured?: string
  /** The share of the reference's overhead to reach; undefined where no overhead is to be measurable. */
  target?: number
  /** Whose overhead is the measure. */
  reference: string
  peers: readonly string[]
}

/** Base64 of it and the lifetime fill the 4,096 bytes that a browser takes. */
const THREE_KB = 2900
const IN_STORES = [
  'ours, plain store',
  'koa-session-minimal',
  'koa-generic-session',
  'express-session',
  '@fastify/session',
]
const IN_COOKIES = ['@fastify/secure-session', 'iron-session']
const SECURE = '@fastify/secure-session'

const cookie = {
  mode: 'cookie',
  action: 'read',
  bytes: 100,
  visitors: 64,
  reference: 'koa-session',
  peers: [],
} as const
const ends = { ...cookie, reference: 'ours, without ends', target: 1.15 } as const
const store = { ...cookie, mode: 'store', peers: IN_STORES } as const

const promises = { ...store, promises: true, peers: [] } as const

/** What routing-controllers costs alone is not counted. */
const controller = {
  ...store,
  measured: 'ours, with a controller',
  reference: 'koa-session, with a controller',
  peers: [],
} as const

/** The scenarios of PERFORMANCE: one child process for each of them and each implementation. */
export const SCENARIOS: Scenario[] = [
  { ...cookie, name: 'cookie untouched', action: 'none', peers: [SECURE] },
  { ...cookie, name: 'cookie read 100 B', target: 0.22, peers: IN_COOKIES },
  { ...cookie, name: 'cookie read 100 B, 20,000 visitors', target: 0.22, visitors: 20_000 },
  { ...cookie, name: 'cookie read 1 KB', target: 0.35, bytes: 1000, peers: [SECURE] },
  { ...cookie, name: 'cookie read 3 KB', target: 0.45, bytes: THREE_KB },
  { ...cookie, name: 'cookie write 100 B', target: 0.22, action: 'write', peers: IN_COOKIES },
  { ...cookie, name: 'cookie write 1 KB', target: 0.25, action: 'write', bytes: 1000, peers: [SECURE] },
  { ...cookie, name: 'cookie write 3 KB', target: 0.32, action: 'write', bytes: THREE_KB },
  { ...cookie, name: 'cookie rolling, read 100 B', target: 0.28, rolling: true },
  { ...ends, name: 'cookie read 100 B, ends, warm', ends: { memory: 'warm' } },
  { ...ends, name: 'cookie read 100 B, ends by two keys, warm', ends: { memory: 'warm', by: true } },
  { ...ends, name: 'cookie read 100 B, ends, 20,000 visitors, warm', visitors: 20_000, ends: { memory: 'warm' } },
  { ...ends, name: 'cookie read 100 B, ends, cold', target: 1.6, ends: { memory: 'cold' } },
  { ...ends, name: 'cookie rolling, read 100 B, ends, warm', rolling: true, ends: { memory: 'warm' } },
  { ...ends, name: 'store read 100 B, ends, warm', mode: 'store', ends: { memory: 'warm' } },
  { ...store, name: 'store untouched, eager', target: 0.16, action: 'none' },
  { ...store, name: 'store untouched, lazy', action: 'none', lazy: true, peers: ['ours, plain store'] },
  { ...store, name: 'store read 100 B', target: 0.22 },
  { ...store, name: 'store write 100 B', target: 0.25, action: 'write' },
  { ...store, name: 'store write 3 KB', target: 0.4, action: 'write', bytes: 3000 },
  { ...promises, name: 'store of promises, untouched', target: 0.15, action: 'none' },
  { ...promises, name: 'store of promises, read 100 B', target: 0.17 },
  { ...promises, name: 'store of promises, write 100 B', target: 0.33, action: 'write' },
  { ...promises, name: 'store of promises, write 3 KB', target: 0.44, action: 'write', bytes: 3000 },
  { ...controller, name: 'controller, store read 100 B', target: 0.25 },
  { ...controller, name: 'controller, store write 100 B', target: 0.4, action: 'write' },
  {
    ...cookie,
    name: 'sealed read 1 KB',
    target: 1.25,
    mode: 'sealed',
    bytes: 1000,
    reference: SECURE,
    peers: ['iron-session'],
  },
]
