import { isConditional } from '../contracts/store'
import { Rotation } from '../rotation/rotation'
import type { ResolvedOptions } from './options'
import { refuse } from './checks/rules'

/** The least that `rotateEvery` can be, in milliseconds: what it takes to tell requests that are under way from copies. */
export const MIN_ROTATION = 60_000

/** Throws where `rotateEvery` and `onReplay` cannot be had beside another option, or without one. */
export function checkRotation({
  rotateEvery,
  onReplay,
  owner,
  store,
  ContextStore,
  autoCommit,
}: ResolvedOptions): void {
  refuse(
    onReplay !== undefined && rotateEvery === undefined,
    'The session option "onReplay" says what a copied cookie does that "rotateEvery" finds. Add "rotateEvery".',
  )
  if (rotateEvery === undefined) return
  refuse(
    !owner,
    'The session option "rotateEvery" is for sessions of somebody who has signed in. Add the option "owner".',
  )
  refuse(
    !store && !ContextStore,
    'The session option "rotateEvery" retires tokens, and a session in its cookie has nothing that could be retired: keep it in a "store".',
  )
  refuse(
    !autoCommit,
    'The session option "rotateEvery" changes tokens with the commit at the end of a request, and autoCommit: false makes none. ' +
      'Leave "autoCommit" out: "await ctx.session.save()" writes before the first byte all the same.',
  )
  refuse(typeof store === 'object' && !isConditional(store), needsConditions())
}

/** The message for a store that cannot write on a condition. */
export function needsConditions(): string {
  return (
    'The session option "rotateEvery" is for a store that writes on a condition: MemoryStore, RedisStore, KyselyStore, or one ' +
    'with the methods of ConditionalStore.'
  )
}

/** The options at work; undefined without them. */
export function rotationFrom({ rotateEvery, onReplay }: ResolvedOptions): Rotation | undefined {
  if (rotateEvery === undefined) return undefined
  return new Rotation(rotateEvery, onReplay?.toLowerCase() === 'report' ? 'report' : 'end')
}
