import { Session, type Profiler } from 'node:inspector/promises'
import { drive } from './exchange'
import { readFlags } from './flags'
import { markdown } from './markdown'
import { prepare } from './prepare'

const WARM_UP_MS = 4000
const MS = 5000
const IMPLEMENTATIONS = ['ours', 'floor', 'bare koa']

/** What a function of a profile works on, by its name and file; the first that fits. */
const PARTS: [string, RegExp][] = [
  ['the garbage collector', /^\(garbage/],
  ['Set-Cookie and other headers', /InvalidHeader|[sS]etHeader|_storeHeader|appendHeader|validateHeader|processHeader/],
  ['promises', /^(runMicrotasks|processTicks)/],
  ['of the session: its code, and JSON', / (dist\/core|bench\/floor)\.js/],
  [
    'HMAC, base64, buffers',
    /^(init|digest|Hmac|update|\w*[sS]lice|write|base64\w*|utf8\w*|latin1\w*|from\w*|FastBuffer) /,
  ],
  ['Koa and Node', /^/],
]

/** Where a request spends the processor's time, in microseconds: by V8's own profile of one scenario, `--only=<its name>`. */
async function main(): Promise<void> {
  const { only } = readFlags()
  const columns: Map<string, number>[] = []
  for (const name of IMPLEMENTATIONS) columns.push(await profileOf(name, only))
  const rows = PARTS.map(([part]) => [part, ...columns.map((column) => (column.get(part) ?? 0).toFixed(1))])
  const sums = columns.map((column) => Array.from(column.values()).reduce((one, other) => one + other, 0))
  rows.push(['together', ...sums.map((sum) => sum.toFixed(1))])
  console.log(markdown([only, ...IMPLEMENTATIONS], rows))
}

async function profileOf(name: string, scenario: string): Promise<Map<string, number>> {
  const { handler, cookies } = await prepare(name, scenario)
  const bytes = cookies.map((cookie) => Buffer.from(cookie))
  await drive(handler, bytes, { ms: WARM_UP_MS, atMost: Infinity })
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: 150 })
  await session.post('Profiler.start')
  const { cpu } = await drive(handler, bytes, { ms: MS })
  const { profile } = await session.post('Profiler.stop')
  session.disconnect()
  return shares(profile, cpu)
}

function shares({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile, micros: number): Map<string, number> {
  const parts = new Map(nodes.map(({ id, callFrame }) => [id, partOf(callFrame)]))
  const total = timeDeltas.reduce((one, other) => one + other, 0)
  const times = new Map<string, number>()
  for (const [index, id] of samples.entries()) {
    const part = parts.get(id) as string
    times.set(part, (times.get(part) ?? 0) + (timeDeltas[index] / total) * micros)
  }
  return times
}

function partOf({ functionName, url }: { functionName: string; url: string }): string {
  const text = `${functionName} ${url.split('/').slice(-2).join('/')}`
  return (PARTS.find(([, pattern]) => pattern.test(text)) as [string, RegExp])[0]
}

void main()
