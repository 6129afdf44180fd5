import { endsInSecret, hashToken, makeToken, parseToken } from '../../../src/session/token'

const SECRET = 'abcdefghijklmnopqrstuvwxyzABCD-_'
const ID = '0b8cf4a6-2d0e-4b5c-9d4f-0a1b2c3d4e5f'

describe('tokens', () => {
  it.each([
    ['an id alone', ID, ID, false],
    ['an id and a secret', `${ID}~${SECRET}`, ID, true],
    ['an id with "~" in it', `a~b~${SECRET}`, 'a~b', true],
    ['a secret that is too short', `${ID}~${SECRET.slice(1)}`, `${ID}~${SECRET.slice(1)}`, false],
    ['a secret that is too long', `${ID}~${SECRET}x`, `${ID}~${SECRET}x`, false],
    ['a secret with a foreign character', `${ID}~${SECRET.slice(1)}.`, `${ID}~${SECRET.slice(1)}.`, false],
    ['two secrets', `${ID}~${SECRET}~${SECRET}`, `${ID}~${SECRET}`, true],
    ['an id of 512 characters and a secret', `${'x'.repeat(512)}~${SECRET}`, 'x'.repeat(512), true],
  ])('R53: the token of %s is taken apart at the last "~"', (_what, text, id, hasSecret) => {
    expect(parseToken(text)).toEqual({ id, text, hasSecret })
  })

  it.each([
    ['nothing', ''],
    ['a secret alone', `~${SECRET}`],
    ['an id of 513 characters', 'x'.repeat(513)],
    ['an id of 513 characters and a secret', `${'x'.repeat(513)}~${SECRET}`],
    ['a path that climbs', `../x~${SECRET}`],
    ['what every object has', `__proto__~${SECRET}`],
    ['a space', `a b~${SECRET}`],
  ])('R31: R53: %s is no token', (_what, text) => {
    expect(parseToken(text)).toBeUndefined()
  })

  it('R53: a token that is made is taken apart as it was made', () => {
    for (const withSecret of [true, false]) {
      const token = makeToken(ID, { withSecret })
      expect(parseToken(token.text)).toEqual(token)
      expect(endsInSecret(token.text)).toBe(withSecret)
    }
  })

  it('R53: no two secrets are alike, and a hash counts for one id alone', () => {
    const texts = Array.from({ length: 1000 }, () => makeToken(ID, { withSecret: true }).text)
    expect(new Set(texts).size).toBe(1000)
    expect(hashToken(`${ID}~${SECRET}`)).not.toBe(hashToken(`other~${SECRET}`))
    expect(hashToken(texts[0])).toMatch(/^[\w-]{43}$/)
  })
})
