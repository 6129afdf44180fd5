import type { WriteOutcome } from '../../contracts/store'

/** How an owner is written: a text, and another one where there is none. */
export function markOf(owner: string | undefined): string {
  return owner === undefined ? '' : `=${owner}`
}

export function ownerIn(mark: unknown): string | undefined {
  return typeof mark === 'string' && mark.startsWith('=') ? mark.slice(1) : undefined
}

export function textOf(expire: number | undefined): string {
  return expire === undefined ? '' : String(expire)
}

export function isPast(expire: string | null): boolean {
  return Boolean(expire) && Number(expire) < Date.now()
}

export function outcomeOf(done: unknown, revision: unknown): WriteOutcome {
  if (Number(done) === 1) return { outcome: 'written', revision }
  return { outcome: Number(done) === 0 ? 'conflict' : 'missing' }
}
