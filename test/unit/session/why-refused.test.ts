import { refusalOf, rotate, BY_ID } from '../../../src/session/access'
import { makeToken } from '../../../src/session/token'

describe('refusalOf', () => {
  const [first, second, third] = [1, 2, 3].map(() => makeToken('an-id', { withSecret: true }))
  const signedIn = rotate(second, rotate(first, BY_ID, { isNewGeneration: false, now: 0 }), {
    isNewGeneration: true,
    now: 1,
  })
  const cleaned = rotate(third, signedIn, { isNewGeneration: false, now: 2 })

  it.each([
    ['the one before a rotation for hygiene', second, 'rotated-away'],
    ['the one before somebody signed in', first, 'earlier-generation'],
    ['one of which nothing is known any more', makeToken('an-id', { withSecret: true }), 'rotated-away'],
  ])('R120: refusalOf() tells of a token that is %s', (_what, token, word) => {
    expect(refusalOf(token, cleaned)).toBe(word)
  })
})
