import { describeOnEachStore } from '../support/conditional-backends'
import { RacingApp, readData } from '../support/racing-app'

const MANY = 500

describeOnEachStore(`${MANY} parallel increments`, (getStore) => {
  async function increment(processes: number) {
    const { racing, visitor } = await RacingApp.open({ store: getStore(), processes })
    const increments = Array.from({ length: MANY }, (_, index) => racing.another(visitor, index).get('/increment'))
    const statuses = (await Promise.all(increments)).map(({ status }) => status)
    const counted = statuses.filter((status) => status === 200).length
    return { counted, errors: racing.errors, data: await readData(visitor) }
  }

  it('R10: in one process count 500', async () => {
    const { errors, data } = await increment(1)
    expect(errors).toEqual([])
    expect(data).toEqual({ secret: 'secret', views: MANY })
  })

  it('R10: in three processes count exactly as many as were answered; the others say that they were given up', async () => {
    const { counted, errors, data } = await increment(3)
    expect(data).toEqual({ secret: 'secret', views: counted })
    expect(errors).toHaveLength(MANY - counted)
    for (const error of errors) expect(error).toMatchObject({ code: 'ERR_SESSION_CONFLICT', status: 503 })
    expect(counted).toBeGreaterThan(0.9 * MANY)
  })
})
