import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { runInNewContext } from 'node:vm'
import { redact } from '../../../src/base/redact'

const SECRET = 'a9c1-secret'

class WithGetter extends Error {
  get parameters(): string[] {
    return [SECRET]
  }
}
class WithToJson extends Error {
  toJSON(): object {
    return { row: SECRET }
  }
}
class WithInspect extends Error {
  [inspect.custom](): string {
    return SECRET
  }
}
class WithSymbol extends Error {
  get [Symbol.for('command')](): string {
    return SECRET
  }
}
class FromAfar extends WithGetter {}

const withFields = (fields: object): Error => Object.assign(new Error('it failed'), fields)
const late = (): Error => {
  const error = new Error(`no "${SECRET}"`)
  error.message = 'it failed'
  return error
}

/** Errors that hold a secret, each in a place of its own. */
const HOLDERS: [string, () => unknown][] = [
  ['in its message, in quotes', () => new Error(`no row "${SECRET}" there`)],
  ['in its message, bare', () => new Error(`no row ${SECRET} there`)],
  ['in the message that it was made with', late],
  ['in a field', () => withFields({ sql: SECRET })],
  ['in a field that is not listed', () => Object.defineProperty(new Error('it failed'), 'sql', { value: SECRET })],
  ['in its code', () => withFields({ code: { value: SECRET } })],
  ['in a text as code', () => withFields({ code: `no row ${SECRET}` })],
  ['in its syscall', () => withFields({ syscall: `GET ${SECRET} now` })],
  ['in its name', () => withFields({ name: `Error of ${SECRET}` })],
  ['under a symbol', () => withFields({ [Symbol('command')]: SECRET })],
  ['behind a getter of its class', () => new WithGetter('it failed')],
  ['behind a getter of a class before', () => new FromAfar('it failed')],
  ['behind a symbol of its class', () => new WithSymbol('it failed')],
  ['in what JSON is made of', () => new WithToJson('it failed')],
  ['in how it is shown', () => new WithInspect('it failed')],
  ['in its cause', () => new Error('it failed', { cause: withFields({ sql: SECRET }) })],
  ['in the cause of its cause', () => new Error('a', { cause: new Error('b', { cause: new WithGetter('c') }) })],
  ['in a cause that is no error', () => new Error('it failed', { cause: { sql: SECRET } })],
  [
    'in a cause of its class',
    () => Object.assign(Object.create({ cause: { sql: SECRET } }) as Error, { message: 'x' }),
  ],
  ['in one of several', () => new AggregateError([new Error('one'), withFields({ sql: SECRET })], 'both failed')],
  ['in one of several that is no error', () => new AggregateError([{ sql: SECRET }], 'both failed')],
  [
    'in the cause of one of several',
    () => new AggregateError([new Error('one', { cause: SECRET.length ? new WithGetter('') : 0 })]),
  ],
  [
    'in an error of another realm',
    () => runInNewContext(`Object.assign(new Error('it failed'), { sql: '${SECRET}' })`),
  ],
  ['in the message of another realm', () => runInNewContext(`new TypeError('no ${SECRET} there')`)],
  ['and is no error', () => ({ message: SECRET })],
  ['and is a function', () => Object.assign(() => SECRET, { sql: SECRET })],
  ['and is a symbol', () => Symbol(SECRET)],
  ['and is a text', () => `no ${SECRET}`],
  [
    'and cannot be read',
    () =>
      new Proxy(new Error(SECRET), {
        get: () => {
          throw new Error(SECRET)
        },
      }),
  ],
]

const HARMLESS: [string, () => Error][] = [
  ['a plain one', () => new Error('it failed')],
  [
    'one of the system',
    () => withFields({ code: 'ECONNREFUSED', errno: -111, syscall: 'connect', address: '::1', port: 6379 }),
  ],
  ['a subclass', () => new (class Timeout extends Error {})('it took too long')],
  [
    'one with a method',
    () =>
      new (class Retry extends Error {
        isFinal(): boolean {
          return false
        }
      })('again'),
  ],
  ['one with a cause', () => new Error('it failed', { cause: new TypeError('since') })],
  ['several', () => new AggregateError([new Error('one'), new Error('two')], 'both failed')],
  ['one of the platform', () => new DOMException('it took too long', 'TimeoutError')],
  ['one of another realm', () => runInNewContext("new RangeError('too much')") as Error],
]

/** All that can be had of a value: by its keys, its classes, by JSON, as text and as it is shown. */
function everythingIn(value: unknown, depth = 0): string {
  const told = [inspect(value, { depth: 9, showHidden: true, getters: true })]
  try {
    told.push(String(value), JSON.stringify(value))
  } catch {
    // There is nothing more to be had.
  }
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || depth > 6) return told.join()
  for (let holder: object | null = value; holder; holder = Object.getPrototypeOf(holder) as object | null) {
    for (const key of Reflect.ownKeys(holder)) {
      const held: unknown = Reflect.get(holder, key, value)
      if (key !== 'constructor' && typeof held !== 'function') told.push(everythingIn(held, depth + 1))
    }
  }
  return told.join()
}

describe('an error of a driver', () => {
  it.each(HOLDERS)('R41: an error that holds a secret %s is told without it', (_where, make) => {
    expect(everythingIn(redact(make(), [SECRET]))).not.toContain(SECRET)
  })

  it.each(HARMLESS)('R41: an error that is %s, and holds nothing, is told as it is', (_what, make) => {
    const error = make()
    expect(redact(error, [SECRET])).toBe(error)
  })

  it('R41: an error of a driver keeps its name, its code, its stack, its cause and its errors', () => {
    const cause = withFields({ name: 'DriverError', code: '23505', detail: SECRET })
    const redacted = redact(new AggregateError([cause], 'both failed', { cause })) as AggregateError
    expect(redacted).toMatchObject({
      message: 'both failed',
      name: 'AggregateError',
      stack: expect.stringContaining('    at '),
    })
    for (const each of [redacted.cause, redacted.errors[0]]) {
      expect(each).toMatchObject({ name: 'DriverError', code: '23505', message: 'it failed' })
    }
  })

  it('R41: an error of Node itself keeps its code within the realm of a test', () => {
    let error: unknown
    try {
      readFileSync('/no/such/file')
    } catch (thrown) {
      error = thrown
    }
    expect(redact(error)).toMatchObject({ code: 'ENOENT', message: expect.stringContaining('ENOENT') })
  })

  it('R41: an error that is its own cause comes to an end', () => {
    const error = withFields({ sql: SECRET })
    error.cause = error
    expect(everythingIn(redact(error, [SECRET]))).not.toContain(SECRET)
  })

  it.each([
    [`Duplicate entry 'o'${SECRET}' for key 'PRIMARY'`],
    [`invalid input syntax for type bigint: "${SECRET}"`],
    [`unterminated "${SECRET}`],
    [`near \`${SECRET}\``],
    [`ENOENT, open '/tmp/${SECRET}.json'`],
  ])('R41: an error of a driver has what stands in quotes left out of its message: %s', (message) => {
    expect((redact(new Error(message)) as Error).message).not.toContain(SECRET)
  })

  it('R41: an error of a driver keeps an apostrophe in its message, which is no quote', () => {
    const plain = new Error("the server isn't up, and doesn't answer")
    expect(redact(plain)).toBe(plain)
  })

  it('R41: an error of a driver has the record’s key left out of its message, wherever and however often that stands there', () => {
    const [once, twice] = [`no ${SECRET} here`, `${SECRET} is no ${SECRET}, nor a${SECRET}b`]
    expect([redact(once, [SECRET]), redact(twice, [SECRET])]).toEqual(['no … here', '… is no …, nor a…b'])
    expect(redact(new Error(twice), [SECRET])).toMatchObject({ message: '… is no …, nor a…b' })
  })

  it('R41: an error of a driver says what each of several errors says, where it says nothing itself', () => {
    const several = new AggregateError([withFields({ row: SECRET }), new Error('refused at 127.0.0.1')])
    expect(redact(several)).toMatchObject({ name: 'AggregateError', message: 'it failed; refused at 127.0.0.1' })
  })

  it('R41: an error of a driver has a field "detail" left out that is all it holds', () => {
    expect(redact(withFields({ detail: `Key (id)=(${SECRET}) already exists.` }))).not.toHaveProperty('detail')
  })
})
