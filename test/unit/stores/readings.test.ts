import { Readings } from '../../../src/stores/layered/readings'

describe('looks at the shared store', () => {
  it('R29: looks at the shared store are forgotten when they are over, and so are changes, also after failures', async () => {
    const readings = new Readings()
    const works = Array.from({ length: 10_000 }, async (_, index) => {
      const key = `key ${index % 100}`
      const end = readings.block(index % 10 === 0 ? undefined : key)
      const reading = readings.during(key, async () => {
        await Promise.resolve()
        if (index % 3 === 0) throw new Error('failed')
      })
      await reading.catch(() => undefined)
      end()
    })
    expect(readings.size).toBeGreaterThan(100)
    await Promise.all(works)
    expect(readings.size).toBe(0)
  })
})
