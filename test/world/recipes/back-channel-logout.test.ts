import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import type Koa from 'koa'
import { Visitor } from '../../support/app/app'
import { loadRecipe } from './load-recipe'

interface Recipe {
  createApp: (keys: () => KeyObject) => Koa
}

const { createApp } = loadRecipe<Recipe>('back-channel-logout')
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const EVENT = { 'http://schemas.openid.net/event/backchannel-logout': {} }
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

/** A token as the provider signs it. */
function token(claims: object, typ?: string, key: KeyObject = privateKey): string {
  const now = Math.floor(Date.now() / 1000)
  const payload = { iss: 'https://id.example', aud: 'shop', iat: now, exp: now + 120, ...claims }
  const parts = [{ alg: 'RS256', typ }, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  const signature = sign(
    'RSA-SHA256',
    Buffer.from(parts.join('.')),
    createPrivateKey(key.export({ type: 'pkcs8', format: 'pem' })),
  )
  return [...parts, signature.toString('base64url')].join('.')
}

function open(): Koa {
  return createApp(() => createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })))
}

const signIn = (visitor: Visitor, sid: string): ReturnType<Visitor['get']> =>
  visitor.get(`/callback?id_token=${token({ sub: 'ann', sid })}`)
const userOf = async (visitor: Visitor): Promise<string> => (await visitor.get('/')).json<{ user: string }>().user
const logOut = async (app: Koa, logoutToken: string): Promise<number> =>
  (await new Visitor(app).post('/back-channel-logout', `logout_token=${logoutToken}`, FORM)).status

test('R113: a signed logout token ends the session with its sid, every copy of it, and no other', async () => {
  const app = open()
  const [one, other] = [new Visitor(app), new Visitor(app)]
  await signIn(one, 'a')
  await signIn(other, 'b')
  const copy = new Visitor(app, one.jar.copy())
  expect(await logOut(app, token({ sub: 'ann', sid: 'a', events: EVENT }, 'logout+jwt'))).toBe(200)
  expect([await userOf(one), await userOf(copy), await userOf(other)]).toEqual(['', '', 'ann'])
})

test('R113: a logout that comes before the callback counts for it; the visitor signs in with another sid', async () => {
  const app = open()
  await logOut(app, token({ sid: 'a', events: EVENT }, 'logout+jwt'))
  const late = new Visitor(app)
  expect((await signIn(late, 'a')).json()).toEqual({ user: '' })
  expect(await userOf(late)).toBe('')
  await signIn(late, 'b')
  expect(await userOf(late)).toBe('ann')
})

test('R113: a logout token without a sid ends all sessions of the account', async () => {
  const app = open()
  const visitor = new Visitor(app)
  await signIn(visitor, 'a')
  await logOut(app, token({ sub: 'ann', events: EVENT }, 'logout+jwt'))
  expect(await userOf(visitor)).toBe('')
})

test.each<[title: string, make: () => string]>([
  [
    'signed by somebody else',
    () =>
      token({ sid: 'a', events: EVENT }, 'logout+jwt', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey),
  ],
  ['that is an ID token', () => token({ sub: 'ann', sid: 'a' })],
  ['with a nonce', () => token({ sid: 'a', events: EVENT, nonce: 'n' }, 'logout+jwt')],
  ['for another client', () => token({ sid: 'a', events: EVENT, aud: 'other' }, 'logout+jwt')],
  ['without the event', () => token({ sid: 'a', events: {} }, 'logout+jwt')],
  ['that is none at all', () => 'nonsense'],
])('R113: a logout token %s ends nothing', async (_title, make) => {
  const app = open()
  const visitor = new Visitor(app)
  await signIn(visitor, 'a')
  expect(await logOut(app, make())).toBe(400)
  expect(await userOf(visitor)).toBe('ann')
})
