import type { Context } from 'koa'
import type { SessionService } from 'koa-session-service'

/** What a verb can do to a session; what is true of no other verb beside it is promised the more of it. */
export interface Verb {
  name: string
  /** Returns what it came to: undefined where the session was gone, and nothing was done. */
  run: (ctx: Context, sessions: SessionService) => unknown
  /** It returns undefined where there was no session to change. */
  tellsGone?: true
  /** It happens when the request ends, and is as good as its answer. */
  isAtEnd?: true
  /** The key that it adds one to. */
  counts?: 'n' | 'logins'
  /** It takes the one-time value, and returns it. */
  takes?: true
  /** The key that it sets. */
  sets?: string
  signsIn?: true
  signsOut?: true
  /** The session is over. */
  ends?: true
  /** Data that were there before are not there afterwards. */
  clears?: true
  /** The token changes, also where nobody signs in. */
  rotates?: true
  /** It needs somebody who is signed in. */
  needsOwner?: true
}

export const FLASH = 'shown once'

const count = (key: 'n' | 'logins') => (data: Record<string, unknown>) => {
  data[key] = ((data[key] as number | undefined) ?? 0) + 1
}

const updating = async (ctx: Context, sessions: SessionService, change: (data: Record<string, unknown>) => unknown) =>
  (await sessions.update((data) => change(data), ctx)) ?? undefined

const set = (key: string) => (ctx: Context) => {
  if (ctx.session) ctx.session[key] = true
}

const countsOne: Verb = {
  name: 'update(n++)',
  counts: 'n',
  tellsGone: true,
  run: (ctx, sessions) => updating(ctx, sessions, count('n')),
}

const signsIn: Verb = {
  name: 'update() that signs in',
  counts: 'logins',
  tellsGone: true,
  signsIn: true,
  run: (ctx, sessions) =>
    updating(ctx, sessions, (data) => {
      data.user = 'ann'
      count('logins')(data)
    }),
}

const takes: Verb = { name: "take('flash')", takes: true, run: (ctx, sessions) => sessions.take('flash', ctx) }

const rotates: Verb = {
  name: 'regenerate()',
  rotates: true,
  run: (ctx, sessions) => sessions.regenerate({}, ctx),
}

const destroys: Verb = { name: 'destroy()', ends: true, run: (ctx, sessions) => sessions.destroy(ctx) }

const touches: Verb = { name: 'touch()', run: (ctx, sessions) => sessions.touch(ctx) }

/** What one request does, two of them at once. */
export const VERBS: readonly Verb[] = [
  countsOne,
  signsIn,
  {
    name: 'update() that signs out',
    signsOut: true,
    run: (ctx, sessions) => updating(ctx, sessions, (data) => delete data.user),
  },
  takes,
  {
    name: 'update() of a key of its own',
    sets: 'own',
    tellsGone: true,
    run: (ctx, sessions) => updating(ctx, sessions, (data) => (data.own = true)),
  },
  {
    name: 'once() of a key of its own',
    sets: 'once',
    tellsGone: true,
    run: async (ctx, sessions) =>
      (await sessions.once('own', (data: Record<string, unknown>) => (data.once = true), ctx)) ?? undefined,
  },
  { name: 'save()', run: (ctx, sessions) => sessions.save(ctx) },
  touches,
  rotates,
  {
    name: 'regenerate({ keepData: false })',
    rotates: true,
    clears: true,
    signsOut: true,
    run: (ctx, sessions) => sessions.regenerate({ keepData: false }, ctx),
  },
  { name: 'confirm()', rotates: true, needsOwner: true, run: (ctx, sessions) => sessions.confirm({}, ctx) },
  destroys,
  { name: 'ctx.session = null', ends: true, isAtEnd: true, run: (ctx) => (ctx.session = null) },
  {
    name: 'ctx.session = {…}',
    clears: true,
    signsOut: true,
    run: (ctx) => (ctx.session = { other: true }),
  },
  { name: 'a change, written at the end', sets: 'mine', isAtEnd: true, run: set('mine') },
  {
    name: 'session.maxAge = …',
    run: (ctx) => {
      if (ctx.session) ctx.session.maxAge = 3_600_000
    },
  },
  { name: 'session.save()', run: (ctx) => ctx.session?.save() },
  { name: 'session.manuallyCommit()', run: (ctx) => ctx.session?.manuallyCommit() },
]

/** What another request of the same visitor does meanwhile, in another process. */
export const RIVALS: readonly Verb[] = [
  countsOne,
  { name: 'a change of another key', sets: 'theirs', isAtEnd: true, run: set('theirs') },
  takes,
  rotates,
  signsIn,
  destroys,
  touches,
]
