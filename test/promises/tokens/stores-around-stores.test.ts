import { ContextStore, MemoryStore, type SessionOptions, type Store } from 'koa-session-service'
import { backendsWith } from '../../support/backends/backends'
import { createSessionApp } from '../../support/app/session-app'

const owner: SessionOptions['owner'] = ({ user }) => user as string | undefined
const STORES = backendsWith({ hasIds: true }).filter(({ options }) => options().store !== undefined)
const FORMS: [string, SessionOptions][] = [
  ['hashTokens', { hashTokens: true }],
  ['owner', { owner }],
]

/** The three methods of a plain store, each passed on. */
function around(store: Store): Store {
  return {
    get: (...call) => store.get(...call),
    set: (...call) => store.set(...call),
    destroy: (...call) => store.destroy(...call),
  }
}

async function stayThrough(options: SessionOptions) {
  const ann = createSessionApp(options).visitor()
  await ann.get('/set?cart=tea')
  expect((await ann.get('/')).json()).toEqual({ cart: 'tea' })
  await ann.get('/set?user=ann')
  await ann.get('/regenerate')
  expect((await ann.get('/')).json()).toEqual({ cart: 'tea', user: 'ann' })
}

describe.each(FORMS)('%s', (_name, more) => {
  it.each(STORES)('R53: a store that passes on three methods keeps its sessions: $name', async ({ options }) => {
    await stayThrough({ store: around(options().store as Store), ...more })
  })

  it('R53: a ContextStore that passes on three methods keeps its sessions', async () => {
    const shared = new MemoryStore()
    class PassingOn extends ContextStore {
      get(...call: Parameters<Store['get']>) {
        return shared.get(...call)
      }
      set(...call: Parameters<Store['set']>) {
        shared.set(...call)
      }
      destroy(key: string) {
        shared.destroy(key)
      }
    }
    await stayThrough({ ContextStore: PassingOn, ...more })
  })
})

it('R53: get() without a context hides what needs a secret, and warns of it once', () => {
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  const store = new MemoryStore()
  for (const key of ['a', 'b']) store.set(key, { _secret: 'hash' }, 60_000)
  expect([store.get('a'), store.get('b')]).toEqual([undefined, undefined])
  expect(warn.mock.calls).toEqual([[expect.stringContaining('passes on every argument of get()'), 'SessionWarning']])
  warn.mockRestore()
})
