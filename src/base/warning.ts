const told = new Set<string>()

/** Whether the process runs in production. To ask costs a look at the environment: not something to do per request. */
export function isProduction(): boolean {
  return process.env.NODE_ENV === 'production'
}

/** Tells a developer, once for each `topic`, and never in production. */
export function warnOnce(topic: string, message: string, type?: string): void {
  if (!isProduction()) warnAlways(topic, message, type)
}

/** Prints a warning, once for each `topic`: in production too. */
export function warnAlways(topic: string, message: string, type = 'SessionWarning'): void {
  if (told.has(topic)) return
  told.add(topic)
  process.emitWarning(message, type)
}
