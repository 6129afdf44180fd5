/**
 * The id of an account as a text: of a text that is not empty, or of a number. Undefined for what can be none: NaN, for one,
 * would make one account of everybody whose id is missing.
 */
export function accountOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : undefined
}

/** What was given as an account, in words; not what it holds. */
export function describeAccount(value: unknown): string {
  if (value === '') return 'an empty text'
  return typeof value === 'number' || value === null ? String(value) : `a value of type ${typeof value}`
}
