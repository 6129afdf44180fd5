import { types } from 'node:util'

/** What of an error's own properties says nothing of anybody's data, where it is simple. */
const HARMLESS = new Set<PropertyKey>([
  ...['name', 'message', 'stack', 'code', 'errno', 'syscall', 'address', 'port', 'cause', 'errors'],
  ...['constructor', 'toString', Symbol.toStringTag],
])
/** Of those, the ones that are looked at by themselves. */
const TEXTS = new Set<PropertyKey>(['message', 'stack', 'cause', 'errors'])
/** From a quote to the last one of its kind: a value may have quotes in it. One behind a letter is an apostrophe. */
const QUOTED = /(?<!\w)(['"`]).*(?:\1(?!\w)|$)/s
const SIMPLE = /^[\w.:/[\]-]{1,64}$/
const MAX_DEPTH = 4
/** How many errors of a collection are kept. */
const MAX_ERRORS = 8

/**
 * An error of a driver without what may open a session, and without data: they put the command that failed, its arguments or
 * the row into fields of their errors (`command.args`, `detail`, `sql`, `parameters`), and values into their messages. The
 * fields may be getters of its class, or stand under symbols.
 *
 * Keeps the name, the code, the stack, and the message without what stands in quotes or is one of `secrets`; so it is with
 * its cause, and with the errors of a collection. An error that has nothing else is returned itself.
 */
export function redact(error: unknown, secrets: readonly string[] = []): unknown {
  try {
    return redactAt(error, secrets, 0)
  } catch {
    // A getter that throws, or a proxy.
    return new Error('an error that cannot be read')
  }
}

function redactAt(error: unknown, secrets: readonly string[], depth: number): unknown {
  if (!isError(error)) return redactThrown(error, secrets)
  const { name, message } = error
  const cause = error.cause === undefined || depth === MAX_DEPTH ? undefined : redactAt(error.cause, secrets, depth + 1)
  const errors = errorsOf(error, secrets, depth)
  const text = clean(String(message || messagesOf(error)), secrets)
  const isSame =
    text === message && cause === error.cause && isSameList(errors, (error as Partial<AggregateError>).errors)
  if (isSame && isHarmless(error, secrets)) return error
  const redacted = new Error(text, cause === undefined ? undefined : { cause })
  const { code } = error as { code?: unknown }
  const kept = isSimple(name) ? name : 'Error'
  const fields = {
    name: kept,
    stack: stackOf(error, kept, text),
    ...(isSimple(code) ? { code } : {}),
    ...(errors && { errors }),
  }
  for (const [key, value] of Object.entries(fields)) {
    Object.defineProperty(redacted, key, { value, enumerable: key === 'code', configurable: true, writable: true })
  }
  return redacted
}

/** Also of another realm, as Node's own are within jest. */
function isError(value: unknown): value is Error {
  if (value instanceof Error || types.isNativeError(value)) return true
  return /^\[object (Error|DOMException)\]$/.test(Object.prototype.toString.call(value))
}

/** What was thrown and is no error may hold anything. */
function redactThrown(thrown: unknown, secrets: readonly string[]): unknown {
  if (typeof thrown === 'string') return clean(thrown, secrets)
  const mayHold =
    (typeof thrown === 'object' && thrown !== null) || typeof thrown === 'function' || typeof thrown === 'symbol'
  return mayHold ? new Error('what was thrown is no error') : thrown
}

/** Whether nothing is to be had of the error, its classes included, that is not known to be harmless. */
function isHarmless(error: Error, secrets: readonly string[]): boolean {
  const stack: unknown = error.stack ?? ''
  if (typeof stack !== 'string' || clean(headOf(stack), secrets) !== headOf(stack)) return false
  const holds = (holder: object): boolean => Reflect.ownKeys(holder).every((key) => isHarmlessIn(holder, key, error))
  if (!holds(error)) return false
  for (let type = prototypeOf(error); type && !isBuiltIn(type); type = prototypeOf(type)) {
    if (!holds(type)) return false
  }
  return true
}

function isHarmlessIn(holder: object, key: PropertyKey, error: Error): boolean {
  const { get, value } = Object.getOwnPropertyDescriptor(holder, key) as { get?: unknown; value?: unknown }
  // A method has to be called by whoever wants something of it; but for those that loggers call.
  if (!get && typeof value === 'function' && holder !== error && typeof key === 'string') return key !== 'toJSON'
  if (!HARMLESS.has(key)) return false
  return TEXTS.has(key) || isSimple(Reflect.get(error, key)) || typeof value === 'function'
}

function prototypeOf(value: object): object | null {
  return Object.getPrototypeOf(value) as object | null
}

/** The classes of the language and of the platform, of this realm or another: they have no data but an error's own. */
function isBuiltIn(type: object): boolean {
  const { constructor } = type as { constructor?: unknown }
  return (
    typeof constructor === 'function' &&
    /\{\s*\[native code\]\s*\}$|^class DOMException/.test(Function.prototype.toString.call(constructor))
  )
}

/** The errors of a collection, each without what it holds; undefined where it is none. */
function errorsOf(error: Error, secrets: readonly string[], depth: number): unknown[] | undefined {
  const { errors } = error as Partial<AggregateError>
  if (!Array.isArray(errors) || depth === MAX_DEPTH) return undefined
  return errors.slice(0, MAX_ERRORS).map((each) => redactAt(each, secrets, depth + 1))
}

function isSameList(list: unknown[] | undefined, given: unknown): boolean {
  if (!list || !Array.isArray(given)) return given === undefined
  return list.length === given.length && list.every((each, index) => each === given[index])
}

/** An error of several: the one of Node for a host with two addresses has no message of its own. */
function messagesOf(error: Error): string {
  const { errors } = error as Partial<AggregateError>
  return Array.isArray(errors) ? errors.map((each) => (isError(each) ? each.message : '')).join('; ') : ''
}

function clean(text: string, secrets: readonly string[]): string {
  const unquoted = text.replace(QUOTED, '$1…$1')
  return secrets.reduce((rest, secret) => (secret === '' ? rest : rest.replaceAll(secret, '…')), unquoted)
}

/** What stands before the frames of a stack: the message, as it was when the error was made. */
function headOf(stack: string): string {
  return stack.split(/\n {4}at /, 1)[0]
}

/** The frames of a stack behind another message. */
function stackOf({ stack }: Error, name: string, message: string): string {
  const frames = String(stack ?? '')
    .split('\n')
    .filter((line) => /^ {4}at /.test(line))
  return [`${name}: ${message}`, ...frames].join('\n')
}

function isSimple(value: unknown): boolean {
  if (typeof value === 'string') return SIMPLE.test(value)
  return value === undefined || typeof value === 'number' || typeof value === 'boolean'
}
