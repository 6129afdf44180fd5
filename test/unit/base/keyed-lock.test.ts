import { setTimeout as sleep } from 'node:timers/promises'
import { KeyedLock } from '../../../src/base/keyed-lock'

describe('the lock of a key', () => {
  it('R29: the lock of a key holds no key after everybody is done, also after failures', async () => {
    const lock = new KeyedLock()
    const works = Array.from({ length: 10_000 }, (_, index) =>
      lock.hold(`key ${index % 100}`, async () => {
        await Promise.resolve()
        if (index % 3 === 0) throw new Error('failed')
      }),
    )
    expect(lock.size).toBe(100)
    await Promise.allSettled(works)
    expect(lock.size).toBe(0)
  })

  it('R29: a work waits for the one before it with its key, and one of another key does not wait', async () => {
    const lock = new KeyedLock()
    const order: string[] = []
    const work = (name: string, turns: number) => async (): Promise<void> => {
      order.push(`${name} begins`)
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
      order.push(`${name} ends`)
    }
    await Promise.all([lock.hold('a', work('a1', 3)), lock.hold('a', work('a2', 0)), lock.hold('b', work('b', 0))])
    expect(order.filter((entry) => entry.startsWith('a'))).toEqual(['a1 begins', 'a1 ends', 'a2 begins', 'a2 ends'])
    expect(order.indexOf('b ends')).toBeLessThan(order.indexOf('a1 ends'))
  })

  it('R83: a holder that never ends keeps the next one waiting for a while, and those behind it come one by one', async () => {
    const lock = new KeyedLock(50)
    void lock.hold('a', () => new Promise<never>(() => undefined))
    let atOnce = 0
    let most = 0
    const work = async (): Promise<void> => {
      most = Math.max(most, ++atOnce)
      await sleep(5)
      atOnce--
    }
    await Promise.all(Array.from({ length: 20 }, () => lock.hold('a', work)))
    expect(most).toBe(1)
  })
})
