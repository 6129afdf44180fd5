import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { describeOnEachStore } from '../../support/backends/conditional-backends'
import { RacingApp, readData } from '../../support/races/racing-app'

const MANY = 500

describeOnEachStore(`${MANY} parallel requests over HTTP`, (getStore) => {
  async function sendMany(path: (index: number) => string) {
    const { racing, visitor } = await RacingApp.open({ store: getStore() })
    const server = http.createServer((req, res) => void racing.apps[0]?.callback()(req, res)).listen(0, '127.0.0.1')
    const agent = new http.Agent({ keepAlive: true, maxSockets: MANY })
    await once(server, 'listening')
    try {
      const { port } = server.address() as AddressInfo
      const options = { host: '127.0.0.1', port, agent, headers: { cookie: visitor.jar.header } }
      const statuses = await Promise.all(Array.from({ length: MANY }, (_, i) => send({ ...options, path: path(i) })))
      return { statuses: new Set(statuses), data: (await readData(visitor)) ?? {} }
    } finally {
      agent.destroy()
      server.close()
    }
  }

  it('R9: 500 parallel requests over HTTP keep every change where they change different keys', async () => {
    const { statuses, data } = await sendMany((index) => `/set/key${index}`)
    expect(statuses).toEqual(new Set([200]))
    const keys = Array.from({ length: MANY }, (_, index) => `key${index}`)
    expect(Object.keys(data).sort()).toEqual(['secret', ...keys].sort())
  })

  it('R10: 500 parallel requests over HTTP count every increment made with update()', async () => {
    const { statuses, data } = await sendMany(() => '/increment')
    expect(statuses).toEqual(new Set([200]))
    expect(data).toEqual({ secret: 'secret', views: MANY })
  })
})

function send(options: http.RequestOptions): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    http
      .get(options, (response) => {
        response.resume().once('end', () => resolve(response.statusCode))
      })
      .once('error', reject)
  })
}
