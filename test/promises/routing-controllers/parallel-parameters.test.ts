import 'reflect-metadata'
import { IsInt } from 'class-validator'
import type Koa from 'koa'
import { SessionService } from 'koa-session-service'
import { Session } from 'koa-session-service/routing-controllers'
import { Body, JsonController, Post, useKoaServer } from 'routing-controllers'
import { createApp, KOA_VERSIONS, Visitor } from '../../support/app/app'
import { deferred, everythingElse } from '../../support/races/interleave'
import { spyOnMemory } from '../../support/spies/spy-on'

class Order {
  @IsInt()
  amount!: number
}

@JsonController()
class OrderController {
  @Post('/order')
  order(@Session() session: Session, @Body() order: Order) {
    session.amount = order.amount
    return order
  }

  @Post('/members/order')
  orderOfMember(@Session({ required: true }) session: Session, @Body() order: Order) {
    return this.order(session, order)
  }
}

/** Sends an order that is none, and stops where its action has failed while the session is still being read. */
async function failWhileReading(KoaClass: typeof Koa, defaultErrorHandler: boolean, path = '/order') {
  const app = createApp(KoaClass)
  const { store, names, records, before } = spyOnMemory()
  let handled = deferred()
  app.use(new SessionService(app, { store, lazy: true, rolling: true }).middleware())
  app.use((_ctx, next) => next().finally(() => handled.resolve()))
  useKoaServer(app, { controllers: [OrderController], defaultErrorHandler })
  const visitor = new Visitor(app)
  await visitor.post('/order', { amount: 1 })

  handled = deferred()
  const reading = deferred()
  let readKey = ''
  before(async ({ method, args }) => {
    if (method !== 'read') return
    readKey = String(args[0])
    await reading.promise
  })
  let isAnswered = false
  const answer = visitor.post(path, { amount: 'many' }).finally(() => (isAnswered = true))
  await handled.promise
  await everythingElse()
  return { answer, reading, names, records, visitor, isAnswered: () => isAnswered, readKey }
}

/** Koa knows no `httpCode`: to it, an error of routing-controllers' has no status. */
const CASES = Object.entries(KOA_VERSIONS).flatMap(([version, KoaClass]): [string, typeof Koa, boolean, number][] => [
  [`${version}, routing-controllers' error handler`, KoaClass, true, 400],
  [`${version}, Koa's error handler`, KoaClass, false, 500],
])

describe.each(CASES)(
  '%s: @Body fails while the session is being read',
  (_name, KoaClass, defaultErrorHandler, failure) => {
    test('R14: the commit awaits a reading that is under way when @Body fails, and renews the session', async () => {
      const { answer, reading, names, isAnswered } = await failWhileReading(KoaClass, defaultErrorHandler)
      expect(isAnswered()).toBe(false)
      reading.resolve()
      const { status, setCookie } = await answer
      expect(status).toBe(failure)
      expect(setCookie.join()).toMatch(/^koa\.sess=[^;]+;/)
      expect(names.slice(-2)).toEqual(['read', 'touch'])
    })

    test('R14: the session stays usable where @Body fails while it is being read', async () => {
      const { answer, reading, visitor } = await failWhileReading(KoaClass, defaultErrorHandler)
      reading.resolve()
      await answer
      expect((await visitor.post('/members/order', { amount: 2 })).json()).toEqual({ amount: 2 })
    })

    test("R15: the body's error is the answer where the reading fails later, and no rejection goes unhandled", async () => {
      const { answer, reading } = await failWhileReading(KoaClass, defaultErrorHandler)
      reading.reject(new Error('the store is down'))
      expect((await answer).status).toBe(failure)
      await everythingElse()
    })

    test('R47: no rejection goes unhandled where @Body fails and the session is refused later', async () => {
      const { answer, reading, records, readKey } = await failWhileReading(
        KoaClass,
        defaultErrorHandler,
        '/members/order',
      )
      records.destroy(readKey)
      reading.resolve()
      expect((await answer).status).toBe(failure)
      await everythingElse()
    })
  },
)
