import type { AddressInfo } from 'node:net'
import { Container } from 'typedi'
import { createShop } from './app'
import { LivePages } from './live'
import { closeSessions, prepareSessions } from './sessions'
import { Settings, SettingsError } from './settings'

async function main(): Promise<void> {
  const settings = new Settings(process.env)
  const shop = createShop(settings)
  await prepareSessions(settings.sessions)
  if (settings.hasFreshKeys) {
    console.log('SESSION_KEYS is not set: cookies are signed with a new key, and the next start will not know them.')
  }
  const server = shop.listen(settings.port, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo
    console.log(`The tea shop is open at http://127.0.0.1:${port} (SESSIONS=${settings.sessions})`)
  })
  Container.get(LivePages).attach(server)
  server.once('error', ({ code, message }: NodeJS.ErrnoException) => {
    console.error(code === 'EADDRINUSE' ? `PORT=${settings.port} is taken. Choose another one.` : message)
    process.exitCode = 1
    closeSessions(settings.sessions)
  })
}

main().catch((error: unknown) => {
  if (!(error instanceof SettingsError)) throw error
  console.error(error.message)
  process.exitCode = 1
})
