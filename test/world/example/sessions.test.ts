import { closeServers } from './browser'
import { ADA, visit } from './shop'

afterEach(closeServers)

describe.each(['memory', 'sqlite'])('your sessions, SESSIONS=%s', (SESSIONS) => {
  async function signInTwice() {
    const laptop = await visit({ SESSIONS, SQLITE_FILE: ':memory:' })
    const phone = laptop.copy()
    for (const browser of [laptop, phone]) await browser.post('/sign-in', ADA)
    return { laptop, phone }
  }

  const handles = (body: string): string[] =>
    Array.from(body.matchAll(/name="handle" value="([^"]+)"/g), ([, each]) => each)

  test('R66: the list of sessions shows each device, and marks the present one', async () => {
    const { laptop } = await signInTwice()
    const { status, body } = await laptop.get('/sessions')
    expect(status).toBe(200)
    expect(handles(body)).toHaveLength(2)
    expect(body.match(/<strong>\(this one\)/g)).toHaveLength(1)
  })

  test('R66: one device of the list is signed out by its button, and the others stay', async () => {
    const { laptop, phone } = await signInTwice()
    const rows = (await laptop.get('/sessions')).body.split('<tr>')
    const [handle] = handles(rows.find((row) => row.includes('handle') && !row.includes('this one')) ?? '')
    await laptop.submit('/sessions/revoke', { handle })
    expect((await phone.get('/account')).status).toBe(401)
    expect((await laptop.get('/account')).status).toBe(200)
  })

  test('R66: all other devices of the list are signed out at once', async () => {
    const { laptop, phone } = await signInTwice()
    const { body } = await phone.submit('/sessions/revoke-others')
    expect(handles(body)).toHaveLength(1)
    expect((await laptop.get('/account')).status).toBe(401)
  })

  test('R66: a forged handle signs nobody out, and visitors who have not signed in have no list', async () => {
    const { laptop } = await signInTwice()
    const stranger = laptop.copy()
    stranger.jar.values.clear()
    expect((await stranger.get('/sessions')).status).toBe(401)
    const { body } = await laptop.submit('/sessions/revoke', { handle: 'forged' })
    expect(handles(body)).toHaveLength(2)
  })
})

test.each([
  ['cookie', 200],
  ['sealed', 401],
])('R108: a copy of the cookie is answered after the sign-out, with SESSIONS=%s, by %d', async (SESSIONS, status) => {
  const browser = await visit({ SESSIONS, SQLITE_FILE: ':memory:' })
  await browser.post('/sign-in', ADA)
  const thief = browser.copy()
  expect((await thief.get('/account')).status).toBe(200)
  await browser.post('/sign-out', {})
  expect((await thief.get('/account')).status).toBe(status)
  await browser.post('/sign-in', ADA)
  expect((await browser.get('/account')).status).toBe(200)
})

test.each(['cookie', 'sealed'])(
  'R66: the list says that only the browsers know the sessions, with SESSIONS=%s',
  async (SESSIONS) => {
    const browser = await visit({ SESSIONS, SQLITE_FILE: ':memory:' })
    await browser.post('/sign-in', ADA)
    expect((await browser.get('/sessions')).body).toContain('only the browsers know')
  },
)

test('the list of sessions tells what has just happened to the session', async () => {
  const browser = await visit({ SESSIONS: 'memory' })
  await browser.post('/sign-in', ADA)
  expect((await browser.get('/sessions')).body).toContain('Somebody signed in')
})
