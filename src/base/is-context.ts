import type { Context } from 'koa'

/** Whether a value is the context of a request, which may stand where a verb's options can be left out. */
export function isContext(value: unknown): value is Context {
  return typeof value === 'object' && value !== null && 'app' in value && 'req' in value
}
