import { serialize, deserialize } from 'node:v8'
import { patched } from '../../../src/session/patched'

class Cart {
  items: string[] = ['tea']
}
class Id {
  #hex = '65f'
  toJSON(): string {
    return this.#hex
  }
}
/** Carries what JSON does not, such as maps. */
const RICH = {
  stringify: (value: unknown) => serialize(value).toString('base64'),
  parse: (text: string): unknown => deserialize(Buffer.from(text, 'base64')),
}
const stored = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('patched', () => {
  it('R56: patched() keeps objects and arrays that can stay the same object, however deep', () => {
    const tags = ['a', 'b', 'c']
    const inner = { tags, gone: true }
    const current = { inner, list: [{ tags: ['a'] }] }
    const [first] = current.list
    const next = { inner: { tags: ['z'], added: 1 }, list: [{ tags: ['y'] }] }
    expect(patched(current, next, JSON)).toBe(current)
    expect([current.inner === inner, inner.tags === tags, current.list[0] === first]).toEqual([true, true, true])
    expect(current).toStrictEqual(next)
  })

  it.each<[string, unknown]>([
    ['an instance of a class', new Cart()],
    ['one that says itself how it is stored', new Id()],
    ['an object without a prototype', Object.assign(Object.create(null), { items: ['tea'] })],
    ['a Date', new Date(0)],
    ['a URL', new URL('http://shop.example/')],
    ['a Map, where it is stored as an empty object', new Map([[1, 1]])],
    ['a Buffer', Buffer.from('ab')],
    ['a getter', { items: ['tea'], get first(): unknown { return (this as any).items[0] } }], // prettier-ignore
    ['a proxy', new Proxy({ items: ['tea'] }, {})],
    ['a frozen object', Object.freeze({ items: ['tea'] })],
    ['a key that is undefined, and a function', { items: ['tea'], note: undefined, call: () => 1 }],
    ['NaN', { amount: NaN }],
  ])('R89: an object that would be stored alike stays the live one: %s', (_what, current) => {
    expect(patched(current, stored(current), JSON)).toBe(current)
    const around = { current, changed: 1 }
    expect(patched(around, { ...(stored(around) as object), changed: 2 }, JSON)).toBe(around)
    expect([around.current === current, around.changed]).toEqual([true, 2])
  })

  it.each<[string, { items: string[] }]>([
    ['an instance of a class', new Cart()],
    ['an object without a prototype', Object.assign(Object.create(null), { items: ['tea'] })],
    ['a sealed object', Object.seal({ items: ['tea'] })],
    ['an object that cannot be extended', Object.preventExtensions({ items: ['tea'] })],
    ['a frozen object with a live part', Object.freeze({ items: ['tea'] })],
    ['a read-only property', Object.defineProperty({ items: ['tea'] }, 'items', { writable: false })],
    ['a getter of what has changed', { items: ['tea'], get first(): unknown { return (this as any).items[0] } }], // prettier-ignore
    ['a setter', { kept: ['tea'], get items() { return (this).kept }, set items(items: string[]) { (this).kept = items } } as any], // prettier-ignore
    ['a key that is undefined, and a function', { items: ['tea'], note: undefined, call: () => 1 } as never],
  ])('R89: a change is put into the live object where that can be: %s', (_what, current) => {
    const keys = Object.keys(current)
    const next = { ...(stored(current) as object), items: ['milk', 'tea'] } as Record<string, unknown>
    if ('first' in next) next.first = 'milk'
    if ('kept' in next) next.kept = next.items
    const items = current.items
    expect(patched(current, next, JSON)).toBe(current)
    expect([stored(current), current.items === items, Object.keys(current)]).toEqual([next, true, keys])
  })

  it.each<[string, unknown, unknown]>([
    ['an array for an object', { a: 1 }, [1]],
    ['an object for an array', [1], { a: 1 }],
    ['a frozen object', Object.freeze({ a: 1 }), { a: 2 }],
    ['a frozen array', Object.freeze(['a']), ['a', 'b']],
    ['a sealed object that would lose a key', Object.seal({ a: 1, b: 2 }), { a: 1 }],
    ['an object that cannot be extended, and would have to be', Object.preventExtensions({ a: 1 }), { a: 1, b: 2 }],
    ['a read-only property', Object.defineProperty({}, 'a', { value: 1, enumerable: true }), { a: 2 }],
    ['a getter of its own mind', { get a() { return 1 } }, { a: 2 }], // prettier-ignore
    ['a setter that throws', { get a() { return 1 }, set a(_value) { throw new Error('no') } }, { a: 2 }], // prettier-ignore
    ['a proxy', new Proxy({ a: 1 }, {}), { a: 2 }],
    ['one that says itself how it is stored', new Id(), '660'],
    ['one that says itself how it is stored, as an object', { toJSON: () => ({ a: 1 }) }, { a: 2 }],
    ['a date', new Date(0), new Date(1)],
    ['a date by a text', new Date(0), new Date(1).toJSON()],
    ['an instance for an object', { items: ['tea'] }, Object.assign(new Cart(), { items: [] })],
    ['a text', 'a', 'b'],
    ['nothing', undefined, null],
  ])('R89: an object that cannot be changed is replaced, and nothing fails: %s', (_what, current, next) => {
    expect(patched(current, next, JSON)).toBe(next)
    const around = { current, more: [1] }
    const { more } = around
    const expected = { current: next, more: [1, 2] }
    expect(patched(around, expected, JSON)).toBe(around)
    expect([around.current === next, around.more === more, more]).toEqual([true, true, [1, 2]])
  })

  it('R89: the serializer that stores an object is asked whether it would be stored alike', () => {
    const map = new Map([[1, 1]])
    const [same, other] = [new Map([[1, 1]]), new Map([[1, 2]])]
    expect([patched(map, same, RICH), patched(map, other, RICH), patched(map, other, JSON)]).toEqual([map, other, map])
  })

  it('R89: what a serializer reads as an object without a prototype is put into the live one', () => {
    const current = { list: ['a'] }
    const { list } = current
    expect(patched(current, Object.assign(Object.create(null), { list: ['b'] }), JSON)).toBe(current)
    expect([current, current.list === list]).toEqual([{ list: ['b'] }, true])
  })

  it('R32: a key that is named like a prototype is patched as any other', () => {
    const current = { a: 1 }
    const next = JSON.parse('{"a":1,"__proto__":{"admin":true}}') as object
    expect(patched(current, next, JSON)).toBe(current)
    expect([JSON.stringify(current), 'admin' in current]).toEqual([JSON.stringify(next), false])
  })
})
