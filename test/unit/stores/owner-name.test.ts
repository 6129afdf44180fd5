import fc from 'fast-check'
import { storedOwner } from '../../../src/backends/owner-name'

const keys = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z:]{1,300}$/)
const owners = fc
  .oneof(fc.string({ maxLength: 255 }), fc.constantFrom('7', '7=7', 'staff=7', 'x'.repeat(255)))
  .filter((owner) => !owner.includes('\0'))

describe('what a store calls an owner', () => {
  it('R87: what a store calls an owner is the name of the cookie, and the owner', () => {
    expect(storedOwner('koa.sess', 'alice')).toBe('koa.sess=alice')
  })

  it('R87: what a store calls an owner is never longer than what every store takes, and says which service and which owner', () => {
    fc.assert(
      fc.property(keys, owners, keys, owners, (key, owner, otherKey, other) => {
        const [name, otherName] = [storedOwner(key, owner), storedOwner(otherKey, other)]
        expect(name.length).toBeLessThanOrEqual(255)
        expect(name === otherName).toBe(key === otherKey && owner === other)
      }),
    )
  })

  it.each([
    ['of 256 letters', 'x'.repeat(256)],
    ['with a zero in it', 'a\0b'],
    ['with half a letter in it', '\ud800'],
  ])('R61: an owner %s, which no store takes, is refused', (_what, owner) => {
    expect(() => storedOwner('k', owner)).toThrow(expect.objectContaining({ code: 'ERR_SESSION_BAD_VALUE' }))
  })
})
