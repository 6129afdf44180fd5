const told = new Set<string>()

/** Tells a developer, once for each `topic`, and never in production. */
export function warnOnce(topic: string, message: string, type = 'SessionWarning'): void {
  if (process.env.NODE_ENV === 'production' || told.has(topic)) return
  told.add(topic)
  process.emitWarning(message, type)
}
