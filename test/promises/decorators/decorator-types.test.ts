import type ts from 'typescript'
import { complaints, PROGRAM } from '../../world/readme/typescript'
import { declared, fixtureText } from './compilers'

const STANDARD: ts.CompilerOptions = {
  ...PROGRAM,
  experimentalDecorators: false,
  emitDecoratorMetadata: false,
  noUnusedLocals: false,
}
const LEGACY: ts.CompilerOptions = { ...STANDARD, experimentalDecorators: true }
const MODES = { standard: STANDARD, legacy: LEGACY, 'legacy with metadata': { ...LEGACY, emitDecoratorMetadata: true } }

const HEAD = `import type { Session } from 'koa-session-service'
import { session } from 'koa-session-service/decorators'
interface Cart { userId?: string }
`

/** What must not compile, and a part of what the compiler says. */
const WRONG = {
  'a method that returns no promise': ['@session({ required: true }) sync() { return 1 }', 'Unable to resolve'],
  'a method that returns no promise, without options': ['@session sync() { return 1 }', 'Unable to resolve'],
  'an unknown option': ['@session({ requird: true }) async pay() { return 1 }', "'requird' does not exist"],
  'a time that is no number': ["@session({ fresh: '1h' }) async pay() { return 1 }", 'not assignable to type'],
  'a service that is none': ['@session({ from: Map }) async pay() { return 1 }', 'not assignable to type'],
  'a key that the data do not have': [
    '@session<Cart>({ required: ({ user }) => user }) accessor cart!: Session<Cart>',
    "Property 'user' does not exist",
  ],
} satisfies Record<string, [string, string]>

describe.each(Object.entries(MODES))('%s decorators', (_mode, options) => {
  test('R80: correct uses of the decorators compile', () => {
    expect(complaints(fixtureText(), options)).toEqual([])
  })

  test.each(Object.entries(WRONG))('R80: a decorated class with %s does not compile', (_name, [member, message]) => {
    expect(complaints(`${HEAD}export class Wrong {\n${member}\n}`, options).join('\n')).toContain(message)
  })

  test('R80: a decorator on a class does not compile', () => {
    expect(complaints(`${HEAD}@session export class Wrong {}`, options)).not.toEqual([])
  })
})

test('R80: legacy decorators compile without the keyword "accessor"', () => {
  expect(complaints(declared(fixtureText()), LEGACY)).toEqual([])
})

test('R80: standard decorators do not compile on fields', () => {
  expect(complaints(`${HEAD}export class Wrong {\n@session cart!: Session\n}`, STANDARD)).not.toEqual([])
})
