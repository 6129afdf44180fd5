import { drive } from './exchange'
import { prepare } from './prepare'

/** How long it may take to exercise a new process, in milliseconds. */
const WARM_UP_MS = 4000

/** One implementation in one scenario: says when it is warm, and then makes requests for as long as it is told. */
async function serve(name: string, scenario: string, warmUp: number): Promise<void> {
  const { handler, cookies } = await prepare(name, scenario)
  const bytes = cookies.map((cookie) => Buffer.from(cookie))
  process.on('message', (ms: number) => {
    void drive(handler, bytes, { ms }).then((times) => process.send?.(times))
  })
  process.on('disconnect', () => process.exit())
  // Each visitor has come once, however many there are.
  await drive(handler, bytes, { ms: WARM_UP_MS, atMost: Math.max(warmUp, bytes.length) })
  process.send?.('ready')
}

void serve(process.argv[2], process.argv[3], Number(process.argv[4]))
