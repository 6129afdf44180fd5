/** Since when a request acts for an owner, by this process's monotonic clock, and which mark of that owner was there before. */
export interface Beginning {
  readonly at: number
  readonly mark: number | undefined
}
