import type { IncomingHttpHeaders } from 'node:http'

/** From this length on, a proxy may hold a body back until it is whole, in bytes. */
const SLOW_BYTES = 64 * 1024
/** What browsers ask for that takes cookies as a page does. An image or a script may come from a cache, or be fetched ahead. */
const DESTINATIONS = ['document', 'empty', 'iframe']

/** What of a request tells how it was sent. */
export interface SentRequest {
  readonly headers: IncomingHttpHeaders
  readonly httpVersionMajor: number
  /** Of HTTP/2 alone. */
  readonly stream?: { readonly endAfterHeaders?: boolean }
}

/**
 * Whether the response to a request can hand over a successor that a browser will store: the first row that fits. Its test is
 * this table.
 *
 * | when | it can |
 * | --- | --- |
 * | it is a handshake of a websocket | no |
 * | it is fetched ahead: `Sec-Purpose` or `Purpose` says `prefetch` | no |
 * | `Sec-Fetch-Dest` is there, and is not `document`, `empty` or `iframe` | no |
 * | `Sec-Fetch-Site` is `cross-site`, and it is no navigation to a document | no |
 * | otherwise | yes |
 */
export function canCarry(headers: IncomingHttpHeaders): boolean {
  if (/\bwebsocket\b/i.test(headers.upgrade ?? '')) return false
  if (/\bprefetch\b/i.test(`${String(headers['sec-purpose'])} ${String(headers.purpose)}`)) return false
  const destination = headers['sec-fetch-dest']
  if (destination !== undefined && !DESTINATIONS.includes(destination)) return false
  if (headers['sec-fetch-site'] !== 'cross-site') return true
  return headers['sec-fetch-mode'] === 'navigate' && destination === 'document'
}

/**
 * Whether a request may have waited in a proxy: it has a body of 64 KB or more, or of a length that it does not say. Its cookie is
 * as old as its first byte then.
 */
export function isSlow({ headers, httpVersionMajor, stream }: SentRequest): boolean {
  const length = headers['content-length']
  if (headers['transfer-encoding'] !== undefined) return true
  if (length !== undefined) return !(Number(length) < SLOW_BYTES)
  return httpVersionMajor >= 2 && stream?.endAfterHeaders === false
}
