import { EndKeys, isIdKey, newId } from '../../../src/ends/keys'

const inCookies = new EndKeys('koa.sess', undefined, false)
const inStore = new EndKeys('koa.sess', undefined, true)

test('R107: the key of a session that rests in its cookie is its id, which is no secret', () => {
  const id = newId()
  expect(inCookies.ofId(id)).toBe(`.${id}`)
  expect(isIdKey(inCookies.ofId(id))).toBe(true)
})

test('R53: the key of a session in a store says nothing of its id, which may open it', () => {
  const id = newId()
  expect(inStore.ofId(id)).not.toContain(id.slice(0, 8))
  expect(inStore.ofId(id)).toMatch(/^\.[\w-]{21}$/)
})

test.each(['', 'a'.repeat(15), 'a'.repeat(17), 'ü'.repeat(16), `${'a'.repeat(15)}\n`, 'a'.repeat(40)])(
  'R29: what is no id of ours, such as %j, rests as a hash of its own: a cookie without a signature may hold anything',
  (id) => {
    expect(inCookies.ofId(id)).toMatch(/^\.[\w-]{21}$/)
    expect(inCookies.ofId(id)).not.toBe(inCookies.ofId(`${id}.`))
  },
)

test('R107: the keys of two scopes differ, and so do those of a key and of an id with the same text', () => {
  const other = new EndKeys('other', undefined, true)
  expect(new Set([inStore.of('a'), inStore.ofId('a'), other.of('a'), other.ofId('a')]).size).toBe(4)
})
