import { tracingChannel } from 'node:diagnostics_channel'
import { drive } from './exchange'
import { markdown } from './markdown'
import { prepare } from './prepare'
import { median } from './statistics'

const SCENARIOS = ['store untouched, lazy', 'store read 100 B', 'store write 100 B', 'cookie read 100 B']
const ROUNDS = 11
const SLICE_MS = 200
const QUESTIONS = 20_000_000

const channels = ['load', 'commit', 'regenerate', 'destroy', 'store'].map((name) =>
  tracingChannel<object, object>(`koa-session-service:${name}`),
)
const ignore = (): void => undefined
const subscribers = { start: ignore, end: ignore, asyncStart: ignore, asyncEnd: ignore, error: ignore }

/** What every request asks: whether anybody listens. In nanoseconds. */
function costOfQuestion(): number {
  const [load, commit, regenerate, destroy, store] = channels
  let listeners = 0
  const start = process.hrtime.bigint()
  for (let time = 0; time < QUESTIONS; time++) {
    const isTraced =
      load.hasSubscribers ||
      commit.hasSubscribers ||
      regenerate.hasSubscribers ||
      destroy.hasSubscribers ||
      store.hasSubscribers
    if (isTraced) listeners++
  }
  if (listeners > 0) throw new Error('Somebody listens.')
  return Number(process.hrtime.bigint() - start) / QUESTIONS
}

/** A request over bare Koa: where nobody listens, and where somebody listens to everything. In microseconds. */
async function costOfRequest(scenario: string): Promise<{ alone: number; heard: number }> {
  const { handler, cookies } = await prepare('ours', scenario)
  const bare = await prepare('bare koa', scenario)
  const bytes = cookies.map((cookie) => Buffer.from(cookie))
  const slice = async (of: typeof handler): Promise<number> => (await drive(of, bytes, { ms: SLICE_MS })).cpu
  const rounds: { alone: number; heard: number }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const base = await slice(bare.handler)
    const alone = (await slice(handler)) - base
    for (const channel of channels) channel.subscribe(subscribers)
    const heard = (await slice(handler)) - base
    for (const channel of channels) channel.unsubscribe(subscribers)
    rounds.push({ alone, heard })
  }
  return { alone: median(rounds.map(({ alone }) => alone)), heard: median(rounds.map(({ heard }) => heard)) }
}

async function main(): Promise<void> {
  const question = Math.min(...Array.from({ length: 5 }, costOfQuestion))
  const rows: string[][] = []
  for (const scenario of SCENARIOS) {
    const { alone, heard } = await costOfRequest(scenario)
    rows.push([scenario, alone.toFixed(2), heard.toFixed(2)])
  }
  console.log(`Whether anybody listens costs ${question.toFixed(1)} ns of a request.\n`)
  console.log(markdown(['µs over bare Koa', 'nobody listens', 'somebody listens to everything'], rows))
}

void main()
