import type { Context } from 'koa'
import { session as middleware, SessionError, SessionService } from 'koa-session-service'
import { session } from 'koa-session-service/decorators'
import { createApp, Visitor } from '../../support/app/app'
import { transformSync } from 'esbuild'
import { evaluate } from './compilers'
import { thrownBy } from '../../support/thrown-by'

function compileMember(member: string, { legacy }: { legacy: boolean }): string {
  const text = `import { session } from 'koa-session-service/decorators'\nexport class Example {\n${member}\n}`
  const tsconfigRaw = { compilerOptions: { experimentalDecorators: legacy } }
  return transformSync(text, { loader: 'ts', format: 'cjs', target: 'es2022', tsconfigRaw }).code
}

describe('a place that cannot be decorated', () => {
  test.each([
    ['a field', '@session cart', false, 'the field cart'],
    ['a setter', '@session set cart(value) {}', false, 'the setter cart'],
    ['a parameter', 'cart(@session() value) {}', true, 'a parameter of cart'],
  ])('R80: the decorator on %s is refused with the cure', (_name, member, legacy, place) => {
    const error = thrownBy(() => evaluate(compileMember(member, { legacy })))
    expect(error).toBeInstanceOf(SessionError)
    expect(error).toMatchObject({ code: 'ERR_SESSION_OPTIONS', message: expect.stringContaining(place) as string })
    expect((error as Error).message).toContain('@session accessor cart')
  })

  test.each([false, true])('R80: the decorator on a class is refused, legacy: %s', (legacy) => {
    const text = `import { session } from 'koa-session-service/decorators'\n@session() class Example {}`
    const tsconfigRaw = { compilerOptions: { experimentalDecorators: legacy } }
    const { code } = transformSync(text, { loader: 'ts', format: 'cjs', target: 'es2022', tsconfigRaw })
    expect(thrownBy(() => evaluate(code))).toMatchObject({ code: 'ERR_SESSION_OPTIONS' })
  })

  test('R80: the decorator on an accessor with an initial value is refused', () => {
    const { Example } = evaluate<{ Example: new () => object }>(
      compileMember('@session accessor cart = {}', { legacy: false }),
    )
    expect(thrownBy(() => new Example())).toMatchObject({
      code: 'ERR_SESSION_OPTIONS',
      message: expect.stringContaining('accessor cart has an initial value') as string,
    })
  })
})

describe('an accessor whose "required" returns a promise', () => {
  test.each([
    ['yes', async () => true],
    ['an error', async () => Promise.reject(new Error('no database'))],
  ])(
    'R80: an accessor whose "required" returns a promise is told that it cannot wait; it was %s',
    async (_name, required) => {
      const app = createApp()
      app.use(middleware({ asyncLocalStorage: true }, app))
      const { get } = session({ required })({}, 'cart') as unknown as PropertyDescriptor
      app.use((ctx: Context) => {
        ctx.session.views = 1
        ctx.body = (thrownBy(() => get?.call({})) as SessionError).message
      })
      expect((await new Visitor(app).get('/')).body).toContain('an accessor cannot wait')
    },
  )
})

test('R80: an accessor without the middleware of the service says so', async () => {
  class OtherSessions extends SessionService {}
  const app = createApp()
  new OtherSessions(app, { key: 'other', property: 'other' })
  const { get } = session({ from: OtherSessions })({}, 'cart') as unknown as PropertyDescriptor
  app.use(middleware({ asyncLocalStorage: true }, app))
  app.use((ctx) => (ctx.body = (thrownBy(() => get?.call({})) as SessionError).code))
  expect((await new Visitor(app).get('/')).body).toBe('ERR_SESSION_NO_MIDDLEWARE')
})
