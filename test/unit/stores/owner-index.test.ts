import { GRACE_MS, OwnerIndex } from '../../../src/stores/redis/owner-index'
import { stopMonotonic } from '../../support/monotonic-clock'

/** How many entries without a record are remembered. */
const BOUND = 10_000

afterEach(() => jest.restoreAllMocks())

/** Sees so many entries of Ann without a record, and the first of them once more, much later; returns what was sent. */
async function see(count: number): Promise<string[]> {
  const sent: string[] = []
  const send = async (command: string): Promise<unknown> => sent.push(command)
  const index = new OwnerIndex(send, send, 'o:')
  const clock = stopMonotonic()
  const entry = (number: number) => ({ key: `key ${number}`, score: '1' })
  for (let number = 0; number < count; number++) await index.removeLost('ann', entry(number))
  expect(sent).toEqual([])
  clock.advance(GRACE_MS)
  await index.removeLost('ann', entry(0))
  return sent
}

describe("an owner's entries without a record", () => {
  it("R29: an owner's entries without a record are remembered, and those beyond the bound are forgotten", async () => {
    expect(await see(BOUND - 2)).toHaveLength(1)
    expect(await see(BOUND + 1)).toEqual([])
  })
})
