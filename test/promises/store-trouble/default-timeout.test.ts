import { MemoryStore, session } from 'koa-session-service'
import { createApp, Visitor } from '../../support/app/app'
import { interceptStore } from '../../support/spies/intercept'

const TEN_SECONDS = 10_000

describe('a store that never answers', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] })
  })

  afterEach(() => {
    jest.useRealTimers()
  })

  /** A visitor of an app whose store is silent while it reads; each of their requests notes its status when it is answered. */
  async function open() {
    const app = createApp()
    let isSilent = false
    const { store } = interceptStore({ store: new MemoryStore() }, ({ method, proceed }) =>
      isSilent && method === 'read' ? new Promise(() => undefined) : proceed(),
    )
    app.use(session({ store }, app))
    app.use((ctx) => {
      ctx.session.user = 'ann'
      ctx.body = 'ok'
    })
    const visitor = new Visitor(app)
    await visitor.get('/')
    isSilent = true
    const statuses: number[] = []
    const send = () => void visitor.get('/').then(({ status }) => statuses.push(status))
    return { send, statuses }
  }

  const pass = async (milliseconds: number) => {
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
    await jest.advanceTimersByTimeAsync(milliseconds)
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
  }

  it('D24: R43: a store that never answers fails the request after ten seconds, and not before', async () => {
    const { send, statuses } = await open()
    send()
    await pass(TEN_SECONDS - 1)
    expect(statuses).toEqual([])
    await pass(1)
    expect(statuses).toEqual([503])
  })

  it('D24: R43: each request has its own ten seconds', async () => {
    const { send, statuses } = await open()
    send()
    await pass(TEN_SECONDS / 2)
    send()
    await pass(TEN_SECONDS / 2)
    expect(statuses).toEqual([503])
    await pass(TEN_SECONDS / 2)
    expect(statuses).toEqual([503, 503])
  })
})
