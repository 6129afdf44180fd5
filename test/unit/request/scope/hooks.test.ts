import { inCall, inHook, isInHook, refuseInHook } from '../../../../src/request/scope/hooks'

const scope = {}
const other = {}

/** Says whether the code that calls it is in a hook of each of the two requests. */
const where = (): boolean[] => [isInHook(scope), isInHook(other)]
const turn = (): Promise<void> => new Promise(setImmediate)

describe('what runs in a hook', () => {
  it('R56: what runs in a hook is in it while it runs, and after it has waited; other requests are not', async () => {
    expect(where()).toEqual([false, false])
    expect(inHook(scope, where)).toEqual([true, false])
    expect(inCall(scope, where)).toEqual([true, false])
    expect(await inHook(scope, () => turn().then(where))).toEqual([true, false])
    expect(where()).toEqual([false, false])
  })

  it('R56: what runs in a hook is in all hooks around it', async () => {
    const inner = async () => (await turn(), inHook(other, where))
    expect(await inHook(scope, inner)).toEqual([true, true])
    const sameAgain = async () => (await turn(), inHook(scope, () => 'done'), where())
    expect(await inHook(scope, sameAgain)).toEqual([true, false])
  })

  const ENDS: [string, (later: () => void) => unknown][] = [
    ['returns at once', (later) => void turn().then(later)],
    ['throws', (later) => {
      void turn().then(later)
      throw new Error('failed')
    }], // prettier-ignore
    ['is async', async (later) => void turn().then(turn).then(later)],
    ['fails later', async (later) => {
      void turn().then(turn).then(later)
      await turn()
      throw new Error('failed')
    }], // prettier-ignore
  ]

  it.each(ENDS)(
    'R91: work that a hook has begun and not waited for is not in it afterwards: one that %s',
    async (_how, hook) => {
      const seen: boolean[][] = []
      let late: Promise<void> | undefined
      const run = async () => inHook(scope, () => hook(() => void (late = turn().then(() => void seen.push(where())))))
      await run().catch(() => undefined)
      while (!late) await turn()
      await late
      expect(seen).toEqual([[false, false]])
    },
  )

  it('R91: work that a hook has begun is in it as long as it runs, and in the hook around it as long as that runs', async () => {
    const seen: boolean[][] = []
    await inHook(scope, async () => {
      let late: Promise<void> | undefined
      inHook(other, () => void (late = turn().then(() => void seen.push(where()))))
      const still = turn().then(() => void seen.push(where()))
      await Promise.all([late, still])
    })
    expect(seen).toEqual([
      [true, false],
      [true, false],
    ])
  })

  it('R91: what runs in a hook asks what only looks like a promise once', async () => {
    let asked = 0
    const query = { then: (resolve: (value: string) => void) => (asked++, resolve('rows')) }
    expect(await inHook(scope, () => query)).toBe('rows')
    expect(asked).toBe(1)
  })

  it('R56: what runs in a hook is refused what would wait for it, with a code', () => {
    const refused = () => inHook(scope, () => refuseInHook(scope))
    expect(refused).toThrow(expect.objectContaining({ code: 'ERR_SESSION_NESTED' }))
    expect(() => inHook(other, () => refuseInHook(scope))).not.toThrow()
  })
})
