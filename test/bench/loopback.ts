import autocannon from 'autocannon'
import { next, start } from './processes'
import { median } from './statistics'
import { takeTurns } from './turns'

export const BARE = 'bare koa'
const NAMES = [BARE, 'ours', 'koa-session']
const SCENARIO = 'cookie read 100 B'

/** How many requests a second an implementation answers. */
export interface Rate {
  name: string
  perSecond: number
  /** The median of its shares of bare Koa's rate, round by round. */
  share: number
}

/** Requests over 127.0.0.1, with a server in a process of its own for each implementation. */
export async function measureRates(rounds: number): Promise<Rate[]> {
  const children = NAMES.map((name) => start('server.js', [name, SCENARIO]))
  try {
    const places = await Promise.all(children.map(next))
    const fire = (name: string): Promise<number> => rateOf(places[NAMES.indexOf(name)])
    await takeTurns(NAMES, 1, fire)
    const rates = await takeTurns(NAMES, rounds, fire)
    return NAMES.map((name) => ({
      name,
      perSecond: median(rates.map((round) => round.get(name)!)),
      share: median(rates.map((round) => round.get(name)! / round.get(BARE)!)),
    }))
  } finally {
    for (const child of children) child.kill()
  }
}

async function rateOf({ port, cookies }: { port: number; cookies: string[] }): Promise<number> {
  const requests = cookies.map((cookie) => ({ method: 'GET', path: '/', headers: { cookie } }))
  const result = await autocannon({ url: `http://127.0.0.1:${port}`, connections: 16, duration: 1, requests })
  if (result.errors > 0 || result.non2xx > 0) throw new Error(`${result.errors + result.non2xx} requests have failed.`)
  return result['2xx'] / result.duration
}
