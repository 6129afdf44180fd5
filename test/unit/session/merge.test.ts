import { merge, ownChanges } from '../../../src/session/merge'

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
  ])('R9: R56: merge() gives what both requests want: %s', async (_what, before, mine, theirs, merged) => {
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

  it('R56: a key that a request has set itself is not taken for what was there', () => {
    const mine = { same: 1, changed: 2, added: 3, unset: undefined }
    expect(ownChanges({ same: 1, changed: 1, deleted: 1, unset: 1 }, mine, JSON)).toStrictEqual({
      changed: 2,
      added: 3,
    })
  })
})
