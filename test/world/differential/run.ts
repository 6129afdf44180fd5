import type Koa from 'koa'
import type { Context } from 'koa'
import { SESSION_EVENTS } from 'koa-session-service'
import { createApp, type CookieJar, KOA_VERSIONS, Visitor } from '../../support/app/app'
import { perform, read } from './handler'
import { hideIds, observationOf, sign } from './observe'
import type { Step } from './plan'
import type { Side } from './sides'
import type { World } from './world'

const START = Date.parse('2030-01-01T00:00:00Z')
const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000'
/** How long a token that was rotated away counts as one of a request under way. */
const LATE_MS = 10_000
const NO_RECORD = Buffer.from('no record').toString('base64')
/** Of what koa-session passes over in silence nothing is compared; `gone` and `conflict` do not happen to one visitor alone. */
const EVENTS = SESSION_EVENTS.filter((name) => !['headersSent', 'error', 'ended'].includes(name))

/** What a visitor holds. */
interface Holding {
  jar: CookieJar
  id: string
}

/** Sends a plan's requests, each to the library that `sideOf` chooses for it; answers what each showed, as text. */
export async function run(world: World, sideOf: (index: number) => Side): Promise<string[]> {
  jest.setSystemTime(START)
  const visitors = new Map<Side, Visitor>()
  const history: Holding[] = []
  const names = new Map<string, string>()
  const observations: string[] = []
  let hasFailed = false
  for (const [index, step] of world.plan.steps.entries()) {
    const side = sideOf(index)
    const visitor = visitors.get(side) ?? new Visitor(createSideApp(side, world), world.jar)
    visitors.set(side, visitor)
    jest.setSystemTime(Date.now() + step.advance + latenessOf(world, step, hasFailed))
    prepare(world, step, history)
    const { presented } = world
    history.push({ jar: world.jar.copy(), id: world.heldId })
    world.begin(step, side)
    const answer = await visitor.get(`/${index}`, headersOf(world))
    await new Promise(setImmediate)
    hasFailed ||= answer.status !== 200
    if (world.evened.has('D21')) for (const event of world.events) event[1] = keyOf(event[1], presented)
    world.heldId = String(answer.headers['x-session'] ?? world.heldId)
    observations.push(hideIds(JSON.stringify(observationOf(world, answer)), names))
  }
  return observations
}

/**
 * D21: a token that was rotated away opens nothing in koa-session; here it does not either, but a little later. The visitor
 * may have missed the new one, where that was a header of a response that failed.
 */
function latenessOf({ plan, evened }: World, { client }: Step, hasFailed: boolean): number {
  const mayBeOld = client === 'replays' || (hasFailed && plan.hooks.includes('externalKey'))
  return mayBeOld && plan.backend === 'MemoryStore' && evened.has('D21') ? LATE_MS : 0
}

/** D21: an event tells the id, which in koa-session is what the visitor presents. */
function keyOf(id: unknown, presented: string | undefined): unknown {
  return presented?.startsWith(`${String(id)}~`) ? presented : id
}

function createSideApp(side: Side, world: World): Koa {
  const app = createApp(KOA_VERSIONS[world.plan.koa])
  app.proxy = true
  for (const name of EVENTS) {
    app.on(`session:${name}`, ({ key, value, ctx }: { key?: string; value?: unknown; ctx: Context }) =>
      world.events.push([name, key, value, ctx.url]),
    )
  }
  side.surround(app, world)
  app.use(async function outer(ctx, next) {
    if (world.step.early) world.seen.push(await perform(world.step.early, ctx, world))
    world.beginHandler()
    await next()
    side.left(ctx, world)
    // R98: on the way back, a cookie that `decode` fails on is an empty session here, and an error in koa-session.
    if (world.step.late && !world.plan.hooks.includes('codec')) world.seen.push(read(ctx))
  })
  side.install(app, world)
  app.use(async function handler(ctx) {
    for (const action of world.step.actions) world.seen.push(await perform(action, ctx, world))
    // D4: where the cookie is refused as well, it is a matter of whose error is seen.
    if (world.step.throws && !world.isRefused) throw Object.assign(new Error('planned'), { status: 418, expose: true })
    ctx.body = { seen: world.seen }
  })
  return app
}

function headersOf({ step, heldId }: World): Record<string, string> {
  return { ...(step.https && { 'x-forwarded-proto': 'https' }), ...(heldId && { 'x-session': heldId }) }
}

/** What the visitor does before a request. */
function prepare(world: World, { client }: Step, history: Holding[]): void {
  const { key, hasStore } = world
  const { values } = world.jar
  const value = values.get(key)
  switch (client) {
    case 'forgets':
      return hold(world, undefined)
    case 'replays':
      return hold(world, history.at(-1))
    case 'alters':
      if (value) values.set(key, hasStore ? `${value}0` : value.slice(0, -1) + (value.endsWith('0') ? '1' : '0'))
      return
    case 'unsigns':
      values.delete(`${key}.sig`)
      return
    case 'invents': {
      const invention = hasStore ? UNKNOWN_ID : NO_RECORD
      values.set(key, invention)
      values.set(`${key}.sig`, sign(`${key}=${invention}`))
      world.heldId &&= UNKNOWN_ID
    }
  }
}

function hold(world: World, holding: Holding | undefined): void {
  world.jar.values.clear()
  holding?.jar.values.forEach((value, name) => world.jar.values.set(name, value))
  world.heldId = holding?.id ?? ''
}
