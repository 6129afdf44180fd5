import type { WriteOutcome } from '../../contracts/store'

/** What would end the line, and what stands for it. */
const IN_THE_WAY = /[%\n]/

/** How an owner is written on a line: a text, and another one where there is none. */
export function markOf(owner: string | undefined): string {
  if (owner === undefined) return ''
  return `=${IN_THE_WAY.test(owner) ? owner.replaceAll('%', '%25').replaceAll('\n', '%0A') : owner}`
}

export function ownerIn(mark: unknown): string | undefined {
  if (typeof mark !== 'string' || !mark.startsWith('=')) return undefined
  const owner = mark.slice(1)
  return owner.includes('%') ? owner.replaceAll('%0A', '\n').replaceAll('%25', '%') : owner
}

export function textOf(expire: number | undefined): string {
  return expire === undefined ? '' : String(expire)
}

export function timeIn(text: string | null): number | undefined {
  return text ? Number(text) : undefined
}

export function isPast(expire: number | undefined): boolean {
  return expire !== undefined && expire < Date.now()
}

export function outcomeOf(done: unknown, revision: unknown): WriteOutcome {
  if (Number(done) === 1) return { outcome: 'written', revision }
  return { outcome: Number(done) === 0 ? 'conflict' : 'missing' }
}
