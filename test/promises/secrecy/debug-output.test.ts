import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

describe('NODE_DEBUG=koa-session-service', () => {
  it.each(['store', 'cookie'])(
    'R41: R120: prints a line a request, events and fingerprints, and no id and no data: %s',
    async (place) => {
      const script = join(__dirname, 'debug-session.ts')
      const { stdout, stderr } = await run(process.execPath, ['-r', 'ts-node/register/transpile-only', script, place], {
        env: { ...process.env, NODE_DEBUG: 'koa-session-service', NODE_ENV: 'development' },
      })
      const { tokens, secret } = JSON.parse(stdout) as { tokens: string[]; secret: string }
      expect(tokens.length).toBeGreaterThan(1)
      expect(stderr).toMatch(/KOA-SESSION-SERVICE \d+: (missed|invalid): ([\w-]{8}|none)/)
      const lines = stderr.match(/KOA-SESSION-SERVICE \d+: GET https:\S+ 200 \| \S+: .* \| session: .* \| told: /g)
      expect(lines).toHaveLength(6)
      // A sealed cookie begins with its version and the tag of its key: eight characters that are in every one.
      const parts = tokens.map((token) => (place === 'cookie' ? token.slice(8, 16) : token.slice(0, 8)))
      for (const word of [secret, ...parts]) expect(stderr).not.toContain(word)
    },
    30_000,
  )
})
