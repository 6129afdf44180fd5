import type { Context } from 'koa'
import type { Awaitable } from '../../base/awaitable'
import type { Backend } from '../../contracts/backend'
import type { SessionConfig } from '../../config/config'
import type { SessionEvents } from '../../session/events'
import { RequestScope } from '../scope/request-scope'
import { TracedBackend } from './traced-backend'
import { Tracer } from './tracer'

/** A request whose session somebody traces. */
export class TracedScope extends RequestScope {
  readonly tracer: Tracer
  #tracedBackend: TracedBackend | undefined
  #rejected: string | undefined

  constructor(ctx: Context, config: SessionConfig) {
    super(ctx, config)
    this.tracer = new Tracer(config)
  }

  /** Why the session that was presented was not accepted; undefined where there was none. */
  get rejected(): string | undefined {
    return this.#rejected
  }

  override get backend(): Backend {
    return this.tracedBackend
  }

  get tracedBackend(): TracedBackend {
    return (this.#tracedBackend ??= new TracedBackend(super.backend, this.tracer))
  }

  override traceReplay(id: string, remove: () => Awaitable<boolean>): Awaitable<boolean> {
    return this.tracer.trace('destroy', id, remove, (trace, removed) => {
      trace.kind = 'replay'
      trace.outcome = removed ? 'ended' : 'none'
    })
  }

  override report<Name extends keyof SessionEvents>(
    name: Name,
    id: string | undefined,
    detail: Omit<SessionEvents[Name], 'ctx' | 'session'>,
  ): void {
    if (name === 'missed' || name === 'expired' || name === 'invalid') this.#rejected = name
    if (name === 'headersSent') this.tracer.noteLost((detail as unknown as SessionEvents['headersSent']).lost)
    super.report(name, id, detail)
  }
}
