import { tracingChannel } from 'node:diagnostics_channel'
import { metrics, SpanStatusCode, trace, type Span } from '@opentelemetry/api'
import type { SessionTrace } from 'koa-session-service'

const CHANNELS = ['load', 'commit', 'regenerate', 'destroy', 'store'].map((operation) =>
  tracingChannel<SessionTrace, SessionTrace>(`koa-session-service:${operation}`),
)

/** Makes a span of all that sessions do, and counts how it ended. Call it once, at the start; what it returns ends it. */
export function traceSessions(): () => void {
  const tracer = trace.getTracer('koa-session-service')
  const meter = metrics.getMeter('koa-session-service')
  // By operation and outcome: loads that found nothing, timeouts of the store, and so on.
  const operations = meter.createCounter('koa_session_service.operations')
  const conflicts = meter.createCounter('koa_session_service.conflicts')
  const late = meter.createCounter('koa_session_service.late')
  const size = meter.createHistogram('koa_session_service.size', { unit: 'By' })
  const spans = new WeakMap<SessionTrace, Span>()

  function begin(told: SessionTrace): void {
    const name = `session ${told.operation}${told.method ? ` ${told.method}` : ''}`
    spans.set(told, tracer.startSpan(name, { attributes: { 'app.session.fingerprint': told.session } }))
  }

  function finish(told: SessionTrace): void {
    const { operation, method, service, store, outcome, error } = told
    // It goes on, and ends with `asyncEnd`.
    if (outcome === undefined) return
    const attributes = { operation, method, service, store, outcome }
    operations.add(1, attributes)
    if (told.attempts > 1) conflicts.add(told.attempts - 1, { service, store })
    if (outcome === 'again') conflicts.add(1, { service, store })
    if (told.lost) late.add(1, { service, lost: told.lost })
    if (told.bytes > 0) size.record(told.bytes, { operation, service, store })
    const span = spans.get(told)
    span?.setAttributes({ ...attributes, bytes: told.bytes, attempts: told.attempts })
    if (error !== undefined) span?.setStatus({ code: SpanStatusCode.ERROR }).recordException(error as Error)
    span?.end()
  }

  const ignore = (): void => undefined
  const subscribers = { start: begin, end: finish, asyncStart: ignore, asyncEnd: finish, error: ignore }
  for (const channel of CHANNELS) channel.subscribe(subscribers)
  return () => CHANNELS.forEach((channel) => channel.unsubscribe(subscribers))
}
