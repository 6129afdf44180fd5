import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

describe('NODE_DEBUG=koa-session-service', () => {
  it.each(['store', 'cookie'])(
    'R41: prints events and fingerprints, and no id and no data: %s',
    async (place) => {
      const script = join(__dirname, 'debug-session.ts')
      const { stdout, stderr } = await run(process.execPath, ['-r', 'ts-node/register/transpile-only', script, place], {
        env: { ...process.env, NODE_DEBUG: 'koa-session-service', NODE_ENV: 'development' },
      })
      const { tokens, secret } = JSON.parse(stdout) as { tokens: string[]; secret: string }
      expect(tokens.length).toBeGreaterThan(1)
      expect(stderr).toMatch(/KOA-SESSION-SERVICE \d+: (missed|invalid): ([0-9a-f]{8}|none)/)
      for (const word of [secret, ...tokens]) expect(stderr).not.toContain(word)
    },
    30_000,
  )
})
