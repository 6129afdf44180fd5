import { MemoryStore, type SessionOptions } from 'koa-session-service'
import { createSessionApp } from '../../support/app/session-app'

const failing = () => Promise.reject(new Error('the database of accounts is down')) as never

const HOOKS: [name: string, options: SessionOptions][] = [
  ['owner', { owner: failing }],
  ['device', { owner: ({ user }) => user as string, device: failing }],
  ['idleTimeout', { idleTimeout: failing }],
  ['absoluteTimeout', { absoluteTimeout: failing }],
]

test.each(HOOKS)(
  'R58: an async %s that fails is an error of its request, and does not end the process',
  async (_name, options) => {
    const { app, visitor } = createSessionApp({ store: new MemoryStore(), ...options })
    const codes: unknown[] = []
    app.on('error', ({ code }: { code: string }) => codes.push(code))
    expect((await visitor().get('/set?user=ann')).status).toBe(500)
    // jest fails a test that leaves a rejection unhandled.
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
    expect(codes).toEqual(['ERR_SESSION_BAD_VALUE'])
  },
)
