/** What of an error's own properties says nothing of anybody's data. */
const HARMLESS = new Set(['name', 'message', 'stack', 'code', 'errno', 'syscall', 'address', 'port', 'cause'])
/** From a quote to the last one of its kind: a value may have quotes in it. One behind a letter is an apostrophe. */
const QUOTED = /(?<!\w)(['"`]).*(?:\1(?!\w)|$)/s
const SIMPLE = /^[\w.-]{1,64}$/
const MAX_DEPTH = 4

/**
 * An error of a driver without what may open a session, and without data: they put the command that failed, its arguments or
 * the row into fields of their errors (`command.args`, `detail`, `sql`, `parameters`), and values into their messages.
 *
 * Keeps the name, the code, the stack, and the message without what stands in quotes or is one of `secrets`. An error that
 * has nothing else is returned itself.
 */
export function redact(error: unknown, secrets: readonly string[] = []): unknown {
  return redactAt(error, secrets, 0)
}

function redactAt(error: unknown, secrets: readonly string[], depth: number): unknown {
  if (!(error instanceof Error)) return redactThrown(error, secrets)
  const { name, message } = error
  const cause = error.cause === undefined || depth === MAX_DEPTH ? undefined : redactAt(error.cause, secrets, depth + 1)
  const text = clean(message || messagesOf(error), secrets)
  if (text === message && cause === error.cause && isHarmless(error)) return error
  const redacted = new Error(text, cause === undefined ? undefined : { cause })
  const { code } = error as { code?: unknown }
  const fields = { name, stack: stackOf(error, text), ...(isSimple(code) ? { code } : {}) }
  for (const [key, value] of Object.entries(fields)) {
    Object.defineProperty(redacted, key, { value, enumerable: key === 'code', configurable: true, writable: true })
  }
  return redacted
}

/** What was thrown and is no error may hold anything. */
function redactThrown(thrown: unknown, secrets: readonly string[]): unknown {
  if (typeof thrown === 'string') return clean(thrown, secrets)
  return typeof thrown === 'object' && thrown !== null ? new Error('what was thrown is no error') : thrown
}

function isHarmless(error: Error): boolean {
  return Reflect.ownKeys(error).every((key) => typeof key === 'string' && HARMLESS.has(key))
}

/** An error of several: the one of Node for a host with two addresses has no message of its own. */
function messagesOf(error: Error): string {
  const { errors } = error as Partial<AggregateError>
  return Array.isArray(errors) ? errors.map((each) => (each instanceof Error ? each.message : '')).join('; ') : ''
}

function clean(text: string, secrets: readonly string[]): string {
  const unquoted = text.replace(QUOTED, '$1…$1')
  return secrets.reduce((rest, secret) => (secret === '' ? rest : rest.replaceAll(secret, '…')), unquoted)
}

/** The frames of a stack: before them stands the message. */
function stackOf({ name, stack = '' }: Error, message: string): string {
  const frames = stack.split('\n').filter((line) => /^ {4}at /.test(line))
  return [`${name}: ${message}`, ...frames].join('\n')
}

function isSimple(code: unknown): boolean {
  return typeof code === 'number' || (typeof code === 'string' && SIMPLE.test(code))
}
