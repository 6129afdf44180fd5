import { describeOnEachStore } from '../../support/backends/conditional-backends'
import { RacingApp, readData } from '../../support/races/racing-app'

const MANY = 500

describeOnEachStore(`${MANY} parallel increments`, (getStore) => {
  async function increment(processes: number) {
    const { racing, visitor } = await RacingApp.open({ store: getStore(), processes })
    const increments = Array.from({ length: MANY }, (_, index) => racing.another(visitor, index).get('/increment'))
    await Promise.all(increments)
    return { errors: racing.errors, data: await readData(visitor) }
  }

  it('R10: 500 parallel increments in one process count 500', async () => {
    const { errors, data } = await increment(1)
    expect(errors).toEqual([])
    expect(data).toEqual({ secret: 'secret', views: MANY })
  })

  it('R10: 500 parallel increments in three processes count 500', async () => {
    const { errors, data } = await increment(3)
    expect(errors).toEqual([])
    expect(data).toEqual({ secret: 'secret', views: MANY })
  })
})
