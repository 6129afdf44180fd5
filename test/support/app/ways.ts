import type { Context } from 'koa'
import type Koa from 'koa'
import type { SessionOptions } from 'koa-session-service'
import { KOA_VERSIONS } from './app'

/** A way to tell the service's verbs which request is meant. */
interface Way {
  name: string
  KoaClass: typeof Koa
  options: SessionOptions
  /** What is passed to a verb as its last argument. */
  at: (ctx: Context) => [ctx?: Context]
  findsItself: boolean
}

/** Koa with its own `asyncLocalStorage` switched on. */
export function withStorage(KoaClass: typeof Koa): typeof Koa {
  return class extends KoaClass {
    constructor() {
      super({ asyncLocalStorage: true })
    }
  } as typeof Koa
}

/** Every way, with every version of Koa. */
export const WAYS: Way[] = Object.entries(KOA_VERSIONS).flatMap(([version, KoaClass]) => [
  { name: `${version}, with ctx`, KoaClass, options: {}, at: (ctx) => [ctx], findsItself: false },
  {
    name: `${version}, without ctx`,
    KoaClass,
    options: { asyncLocalStorage: true },
    at: () => [],
    findsItself: true,
  },
  {
    name: `${version}, without ctx, by Koa's own asyncLocalStorage`,
    KoaClass: withStorage(KoaClass),
    options: {},
    at: () => [],
    findsItself: true,
  },
])
