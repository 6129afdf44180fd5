// The checks in workerd, which hands requests to Koa's server by the port that it asked for. Answers what came of them.
import { handleAsNodeRequest } from 'cloudflare:node'
import { runChecks } from './checks.mjs'
import required from './required.cjs'

let lastPort = 8000

async function open(app) {
  const port = ++lastPort
  const server = app.listen(port)
  return {
    get: (path, headers) => handleAsNodeRequest(port, new Request(`http://localhost:${port}${path}`, { headers })),
    close: () => void server.close(),
  }
}

export default {
  fetch: async () => Response.json(await runChecks(open, required)),
}
