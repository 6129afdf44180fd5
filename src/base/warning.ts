const told = new Set<string>()

/** Whether the process runs in production. To ask costs a look at the environment: not something to do per request. */
export function isProduction(): boolean {
  return process.env.NODE_ENV === 'production'
}

/** Tells a developer, once for each `topic`, and never in production. */
export function warnOnce(topic: string, message: string, type = 'SessionWarning'): void {
  if (told.has(topic) || isProduction()) return
  told.add(topic)
  process.emitWarning(message, type)
}
