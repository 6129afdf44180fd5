// The checks where there are servers: Node, Bun and Deno. Prints what came of them.
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { runChecks } from './checks.mjs'

const required = createRequire(import.meta.url)('koa-session-service')

const result = await runChecks(async (app) => {
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${server.address().port}`
  return {
    get: (path, headers) => fetch(url + path, { headers }),
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}, required)
console.log(JSON.stringify(result))
process.exit()
