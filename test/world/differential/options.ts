import { randomUUID } from 'node:crypto'
import type { Context } from 'koa'
import { ONE_DAY, type Hook } from './plan'
import { contextStoreOver } from '../../support/backends/backends'
import type { World } from './world'

type AnyFunction = (...args: any[]) => unknown

/** The options of a plan, which both libraries take. */
export function optionsOf(
  { plan, store }: World,
  { omitsDefault }: { omitsDefault: boolean },
): Record<string, unknown> {
  const options: Record<string, unknown> = { ...plan.options }
  if (plan.maxAge !== ONE_DAY || !omitsDefault) options.maxAge = plan.maxAge
  for (const hook of plan.hooks) Object.assign(options, HOOKS[hook])
  if (plan.backend === 'ContextStore') options.ContextStore = contextStoreOver(store)
  else if (plan.backend !== 'cookie') options.store = store
  return options
}

const HOOKS: Record<Hook, Record<string, unknown>> = {
  valid: { valid: (_ctx: Context, record: Record<string, unknown>) => !record.bad },
  beforeSave: {
    beforeSave: (ctx: Context, session: Record<string, unknown>) => {
      session.saved = `${ctx.method} ${Date.now()}`
    },
  },
  codec: { encode: encodeText, decode: decodeText },
  genid: { genid: (ctx: Context) => `${ctx.method}-${randomUUID()}` },
  externalKey: {
    externalKey: {
      get: (ctx: Context) => ctx.get('x-session'),
      set: (ctx: Context, id: string) => ctx.set('x-session', id),
    },
  },
}

function encodeText(record: unknown): string {
  return encodeURIComponent(JSON.stringify(record))
}

/** Throws an error that is not a SyntaxError for most texts that are not records. */
function decodeText(text: string): unknown {
  if (!/^%7B.*%7D$/.test(text)) throw new RangeError('not a record')
  return JSON.parse(decodeURIComponent(text))
}

/** D3: the same hooks, answering later. */
export function withAsyncHooks(options: Record<string, unknown>, isAsyncNow: () => boolean): Record<string, unknown> {
  const later =
    (hook: AnyFunction): AnyFunction =>
    (...args) =>
      isAsyncNow() ? Promise.resolve().then(() => hook(...args)) : hook(...args)
  const { valid, beforeSave, externalKey } = options as Record<string, AnyFunction | undefined>
  const key = externalKey as unknown as Record<string, AnyFunction> | undefined
  return {
    ...options,
    ...(valid && { valid: later(valid) }),
    ...(beforeSave && { beforeSave: later(beforeSave) }),
    ...(key && { externalKey: { get: later(key.get), set: later(key.set) } }),
  }
}
