import type { BusMessage } from './bus'

/** Messages as a text that other processes receive: one by itself, as version 0.1 knows it, or several. */
export function textOfMessages(messages: readonly BusMessage[], from: string): string {
  return JSON.stringify(messages.length === 1 ? { ...messages[0], from } : { from, messages })
}

/**
 * The messages of a text; undefined for none. Anybody who can publish on the channel could send anything.
 *
 * @param self what this process signs its own with: they are left out
 */
export function messagesIn(text: string, self: string): BusMessage[] | undefined {
  let found: { from?: unknown; messages?: unknown } | null
  try {
    found = JSON.parse(text) as typeof found
  } catch {
    return undefined
  }
  if (typeof found !== 'object' || found === null) return undefined
  if (found.from === self) return []
  const all: unknown[] = Array.isArray(found.messages) ? found.messages : [found]
  const messages = all.map(messageIn).filter((message) => message !== undefined)
  return messages.length === 0 ? undefined : messages
}

function messageIn(value: unknown): BusMessage | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { kind, session, owner, generation } = value as Record<string, unknown>
  if (kind === 'key') return keyMessageIn(value)
  if (kind === 'revoked' && typeof owner === 'string') return { kind, owner }
  if (typeof session !== 'string') return undefined
  if (kind === 'ended') return { kind, session }
  if (kind !== 'written' && kind !== 'rotated') return undefined
  return { kind, session, generation: Number.isSafeInteger(generation) ? (generation as number) : undefined }
}

function keyMessageIn(message: object): BusMessage | undefined {
  const { key, position, before, except, later } = message as Record<string, unknown>
  const isWhole = [position, before].every((number) => Number.isSafeInteger(number))
  if (typeof key !== 'string' || !isWhole) return undefined
  return {
    kind: 'key',
    key,
    position: position as number,
    before: before as number,
    ...(typeof except === 'string' && { except }),
    ...(later === true && { later }),
  }
}
