import { merge, ownChanges, patched } from '../../../src/session/merge'

const options = { serializer: JSON }

describe('merge', () => {
  it.each([
    ['both change different keys', { a: 1 }, { a: 1, b: 2 }, { a: 1, c: 3 }, { a: 1, b: 2, c: 3 }],
    ['both change one key', { a: 1 }, { a: 2 }, { a: 3 }, { a: 2 }],
    ['this one deletes what the other leaves', { a: 1, b: 2 }, { a: 1 }, { a: 1, b: 2 }, { a: 1 }],
    ['this one deletes what the other changes', { a: 1 }, {}, { a: 2 }, {}],
    ['the other deletes what this one leaves', { a: 1, b: 2 }, { a: 1, b: 2 }, { a: 1 }, { a: 1 }],
    ['undefined for what never was', {}, { a: undefined }, { a: 1 }, { a: 1 }],
    ['undefined for what was', { a: 1 }, { a: undefined }, { a: 1 }, {}],
    ['an equal object', { a: { b: 1 } }, { a: { b: 1 } }, { a: { b: 2 } }, { a: { b: 2 } }],
  ])('R9: R56: %s', async (_what, before, mine, theirs, merged) => {
    expect(await merge(before, mine, theirs, options)).toStrictEqual(merged)
  })

  it.each([
    ['equal changes', { a: 1 }, { a: 2 }, { a: 2 }, 0],
    ['different keys', {}, { a: 1 }, { b: 1 }, 0],
    ['one key', { a: 1 }, { a: 2 }, { a: 3 }, 1],
    ['a deletion and a change', { a: 1 }, {}, { a: 3 }, 1],
    ['two deletions', { a: 1 }, {}, {}, 0],
  ])('R9: R56: onConflict is asked about what differs alone: %s', async (_what, before, mine, theirs, calls) => {
    const onConflict = jest.fn(() => ({ decided: true }))
    const merged = await merge(before, mine, theirs, { ...options, onConflict })
    expect(onConflict).toHaveBeenCalledTimes(calls)
    expect('decided' in merged).toBe(calls === 1)
  })

  it.each([[null], ['text'], [[1]], [undefined], [5]])(
    'R56: an onConflict that returns %p is refused',
    async (value) => {
      const onConflict = () => Promise.resolve(value as never)
      const merging = merge({ a: 1 }, { a: 2 }, { a: 3 }, { ...options, onConflict })
      await expect(merging).rejects.toMatchObject({ code: 'ERR_SESSION_BAD_VALUE' })
    },
  )

  it('R56: what a request has set itself is nothing of what was there', () => {
    const mine = { same: 1, changed: 2, added: 3, unset: undefined }
    expect(ownChanges({ same: 1, changed: 1, deleted: 1, unset: 1 }, mine, JSON)).toStrictEqual({
      changed: 2,
      added: 3,
    })
  })
})

describe('patched', () => {
  it('R56: objects and arrays that can stay the same object do, however deep', () => {
    const tags = ['a', 'b', 'c']
    const inner = { tags, gone: true }
    const current = { inner, list: [inner] }
    const result = patched(current, { inner: { tags: ['z'], added: 1 }, list: [{ tags: ['y'] }] }) as typeof current
    expect(result).toBe(current)
    expect(result.inner).toBe(inner)
    expect(result.inner.tags).toBe(tags)
    expect(result.list[0]).toBe(inner)
    expect(result.list).toStrictEqual([{ tags: ['y'] }])
  })

  it.each([
    ['an array for an object', { a: 1 }, [1]],
    ['an object for an array', [1], { a: 1 }],
    ['a frozen object', Object.freeze({ a: 1 }), { a: 2 }],
    ['a date', new Date(0), new Date(1)],
    ['a map', new Map([[1, 1]]), new Map([[1, 2]])],
    ['a text', 'a', 'b'],
  ])('R56: %s is replaced', (_what, current, next) => {
    expect(patched(current, next)).toBe(next)
  })
})
