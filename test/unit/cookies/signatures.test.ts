import crypto from 'node:crypto'
import Keygrip from 'keygrip'
import { Signatures } from '../../../src/cookies/signatures'

/** What the signatures that are remembered take with their values, in bytes, and what one takes. */
const [BOUND, EACH] = [12_000_000, 3000 + 150]
const KEYS = ['a key']

afterEach(() => jest.restoreAllMocks())

/** Verifies so many values, and the first one again; returns how many signatures that last time computes. */
function costAfter(count: number): number {
  const signatures = new Signatures('koa.sess')
  const verify = (value: string) => signatures.indexOf(value, signatures.sign(value, KEYS), KEYS)
  for (let index = 0; index < count; index++) verify(String(index).padEnd(3000))
  const first = '0'.padEnd(3000)
  const signature = signatures.sign(first, KEYS)
  const createHmac = jest.spyOn(crypto, 'createHmac')
  expect(signatures.indexOf(first, signature, KEYS)).toBe(0)
  const { length } = createHmac.mock.calls
  createHmac.mockRestore()
  return length
}

describe('signatures that were verified', () => {
  it('R29: signatures that were verified are remembered, and those beyond the bound are forgotten', () => {
    expect(costAfter(BOUND / EACH / 2 - 2)).toBe(0)
    expect(costAfter(BOUND / EACH + 2)).toBe(1)
  })
})

it('R30: a Keygrip is asked of every value with the signatures that came, and with nothing else', () => {
  const keys = new Keygrip(['new', 'old'])
  const asked = jest.spyOn(keys, 'index')
  const signature = new Signatures('koa.sess').sign('c', ['old'])
  const { found } = new Signatures('koa.sess').match(['a', 'b', 'c'], [signature], keys, 100)
  expect(found).toEqual([{ value: 'c', signature, place: 1 }])
  expect(asked.mock.calls).toEqual(['a', 'b', 'c'].map((value) => [`koa.sess=${value}`, signature]))
})
