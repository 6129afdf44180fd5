import { ownerFrom } from '../../../../src/options/values/owner-of'

const NOBODY_OWNS = [undefined, null]
const ACCOUNTS: [unknown, string][] = [
  ['ann', 'ann'],
  [' ', ' '],
  ['0', '0'],
  [0, '0'],
  [-1, '-1'],
  [7.5, '7.5'],
  [Number.MAX_SAFE_INTEGER, '9007199254740991'],
]
const NO_ACCOUNTS: unknown[] = [
  '',
  NaN,
  Infinity,
  -Infinity,
  true,
  false,
  7n,
  {},
  [],
  ['ann'],
  Symbol('ann'),
  () => 'ann',
  new String('ann'),
  Promise.resolve('ann'),
  Promise.reject(new Error('no database')),
]

describe('the option "owner"', () => {
  it.each(NOBODY_OWNS)('R100: an option "owner" that returns %p says that nobody is signed in', (value) => {
    expect(ownerFrom(() => value)({})).toBeUndefined()
  })

  it.each(ACCOUNTS)('R100: an option "owner" that returns %p names an account', (value, account) => {
    expect(ownerFrom(() => value)({})).toBe(account)
  })

  it.each(NO_ACCOUNTS.map((value) => [value]))(
    'R100: an option "owner" that returns %p is refused with a code',
    (value) => {
      const code = 'ERR_SESSION_BAD_VALUE'
      expect(() => ownerFrom(() => value)({})).toThrow(expect.objectContaining({ code }) as Error)
    },
  )
})
