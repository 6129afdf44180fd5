import { SessionError } from '../base/errors'

/**
 * How deep a record may be nested. JSON.parse reads any depth, and before Node 26, JSON.stringify runs out of stack at some
 * 4,000: one such cookie would make every request fail that brings it. A cookie of 4,096 bytes holds less than this in koa-session's format.
 */
const MAX_NESTING = 1500

const [QUOTE, BACKSLASH, OPEN_BRACKET, OPEN_BRACE, CLOSE_BRACKET, CLOSE_BRACE] = Array.from('"\\[{]}', (character) =>
  character.charCodeAt(0),
)

/** Whether a JSON text is nested too deep. Each level takes two characters: a short text need not be looked at. */
export function isNestedTooDeep(json: string): boolean {
  if (json.length <= 2 * MAX_NESTING) return false
  let depth = 0
  let isInString = false
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (code === QUOTE) isInString = !isInString
    else if (isInString) at += code === BACKSLASH ? 1 : 0
    else if (code === OPEN_BRACKET || code === OPEN_BRACE) depth++
    else if (code === CLOSE_BRACKET || code === CLOSE_BRACE) depth--
    if (depth > MAX_NESTING) return true
  }
  return false
}

/** Whether a value is nested too deep, found as a serializer would go through it, and without recursion. */
export function isTooDeep(value: unknown): boolean {
  if (!isObject(value)) return false
  const seen = new Set([value])
  const open = [childrenOf(value)]
  for (let last = open.at(-1); last; last = open.at(-1)) {
    const child = last.pop()
    if (last.length === 0 && child === undefined) open.pop()
    if (!isObject(child) || seen.has(child)) continue
    seen.add(child)
    open.push(childrenOf(child))
    if (open.length > MAX_NESTING) return true
  }
  return false
}

export function tooDeep(): SessionError {
  return new SessionError(
    'ERR_SESSION_NOT_SERIALIZABLE',
    `The session's data are nested more than ${MAX_NESTING} levels deep, and a cookie takes no more. Keep a flatter shape, ` +
      'or keep the session in a store: session({ store }, app).',
  )
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function childrenOf(value: object): unknown[] {
  if (value instanceof Map) return [...value.keys(), ...value.values()]
  return value instanceof Set ? [...value] : Object.values(value)
}
