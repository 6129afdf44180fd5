import { ATTACKS } from './hostile'
import { Random } from './random'
import { createTarget, NAME, TARGETS, type Cookies, type Target } from './targets'

interface FuzzOptions {
  /** Repeats the attacks; the keys, the ids and the nonces are fresh each time. */
  seed: number
  /** How many cookies are tried, over all apps. */
  count: number
  /** The apps; by default a signed, a sealed, a chunked one, and two with ids in a store. */
  targets?: Target[]
  /** For how many milliseconds cookies are tried at most: a machine that is busy tries fewer. Default: no bound. */
  time?: number
}

interface FuzzReport {
  /** How many cookies were sent. */
  tried: number
  /** How many of them were hostile by accident only: what they present is a visitor's own session. */
  unchanged: number
  /** How many of the others opened a session. */
  accepted: number
  /** How many were answered with a status of 500 or above. */
  serverErrors: number
  /** How many anonymous responses gave the client a session. */
  written: number
  /** Visitors whose own cookies did not open their session before and after all this. */
  lost: number
  /** The first few headers that were accepted or failed, by app and attack. */
  findings: string[]
}

/** Sends hostile cookies to every app in turn. */
export async function fuzzCookies({ seed, count, targets, time = Infinity }: FuzzOptions): Promise<FuzzReport> {
  const random = new Random(seed)
  const apps = targets ?? (await createTargets())
  const report: FuzzReport = { tried: 0, unchanged: 0, accepted: 0, serverErrors: 0, written: 0, lost: 0, findings: [] }
  report.lost += await countLost(apps)
  const attacks = Object.keys(ATTACKS)
  const end = performance.now() + time
  for (; report.tried < count && performance.now() < end; report.tried++) {
    const target = apps[report.tried % apps.length]
    const attack = random.pick(attacks)
    const cookie = ATTACKS[attack](random, target)
    await attempt(report, target, cookie, `${target.name}, ${attack}`)
    // Events are emitted after the request's own work: without a pause they would pile up.
    if (report.tried % 16 === 0) await new Promise(setImmediate)
  }
  report.lost += await countLost(apps)
  return report
}

export async function createTargets(): Promise<Target[]> {
  return Promise.all(Object.entries(TARGETS).map(([name, { options, bytes }]) => createTarget(name, options(), bytes)))
}

async function attempt(report: FuzzReport, target: Target, cookie: string, what: string): Promise<void> {
  const { status, isOpen, setCookie } = await target.ask(cookie)
  const isOwn = presentsAny(target.visitors, cookie)
  if (isOwn) report.unchanged++
  const isAccepted = isOpen && !isOwn
  if (isAccepted) report.accepted++
  if (status >= 500) report.serverErrors++
  if (setCookie.some((line) => !/^[^=]+=;/.test(line))) report.written++
  if ((isAccepted || status >= 500) && report.findings.length < 10) {
    report.findings.push(`${what}: ${status} for ${JSON.stringify(cookie.slice(0, 2000))}`)
  }
}

/** Whether the header presents a visitor's session as it is, so that opening it is right. */
function presentsAny(visitors: Cookies[], cookie: string): boolean {
  const presented = parse(cookie)
  return visitors.some((own) => hasAll(presented, own) || hasWholeToken(presented, own))
}

function hasAll(presented: Map<string, string[]>, own: Cookies): boolean {
  return [...own].every(([name, value]) => presented.get(name)?.includes(value))
}

/** The pieces of a token are cut anew, and their sum is the same: the seal is around the sum. */
function hasWholeToken(presented: Map<string, string[]>, own: Cookies): boolean {
  if (own.has(`${NAME}.sig`)) return false
  return joined((name) => presented.get(name)?.[0]) === joined((name) => own.get(name))
}

function joined(valueOf: (name: string) => string | undefined): string {
  const [first = '', ...others] = [NAME, `${NAME}.1`, `${NAME}.2`, `${NAME}.3`].map((name) => valueOf(name))
  const count = Number(/^c(\d{1,2})\./.exec(first)?.[1] ?? 1)
  return first.replace(/^c\d{1,2}\./, '') + others.slice(0, count - 1).join('')
}

/** Reads a Cookie header by itself; a quote at the start of a value takes its last character with it, as in `cookies`. */
function parse(cookie: string): Map<string, string[]> {
  const presented = new Map<string, string[]>()
  for (const pair of cookie.split(';')) {
    const equals = pair.indexOf('=')
    if (equals < 0) continue
    const name = pair.slice(0, equals).trimStart()
    const value = pair.slice(equals + 1)
    const values = presented.get(name) ?? []
    values.push(value.startsWith('"') ? value.slice(1, -1) : value)
    presented.set(name, values)
  }
  return presented
}

async function countLost(targets: Target[]): Promise<number> {
  let lost = 0
  for (const { visitors, ask } of targets) {
    for (const own of visitors) {
      const { isOpen } = await ask(Array.from(own, ([name, value]) => `${name}=${value}`).join('; '))
      lost += isOpen ? 0 : 1
    }
  }
  return lost
}
