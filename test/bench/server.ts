import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { prepare } from './prepare'

/** One implementation behind a port of the loopback interface; tells it, and the cookies of its visitors. */
async function listen(name: string, scenario: string): Promise<void> {
  const { handler, cookies } = await prepare(name, scenario)
  const server = createServer((req, res) => void handler(req, res))
  process.on('disconnect', () => process.exit())
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port, cookies }))
}

void listen(process.argv[2], process.argv[3])
