import type { Context } from 'koa'
import { describeOnEachStore } from '../../support/backends/conditional-backends'
import { newOwner } from '../../support/owners/owned-app'

const HOUR = 3_600_000
const CONTEXT = { rolling: false, ctx: {} as Context }

describeOnEachStore('a note that a session is used', (getStore) => {
  const written = async (lives: { first: number; touched?: number; noted: number }) => {
    const store = getStore()
    const key = newOwner('key')
    const now = Date.now()
    const record = (life: number) => ({ n: life, _expire: now + life })
    const created = await store.create(key, record(lives.first), lives.first, CONTEXT)
    const revision = created?.revision
    if (lives.touched) await store.touch(key, now + lives.touched, lives.touched, { ...CONTEXT, revision })
    const context = { ...CONTEXT, keepsLife: true as const }
    const done = await store.replace(key, record(lives.noted), lives.noted, revision, context)
    expect(done.outcome).toBe('written')
    const found = (await store.read(key, CONTEXT))?.record
    return { n: found?.n, left: Number(found?._expire) - now }
  }

  it('R66: a note that a session is used leaves a life that was made longer since', async () => {
    expect(await written({ first: HOUR, touched: 3 * HOUR, noted: HOUR / 2 })).toEqual({ n: HOUR / 2, left: 3 * HOUR })
  })

  it('R66: a note that a session is used takes the life that it says where none is longer', async () => {
    expect(await written({ first: HOUR, noted: 2 * HOUR })).toEqual({ n: 2 * HOUR, left: 2 * HOUR })
  })
})
