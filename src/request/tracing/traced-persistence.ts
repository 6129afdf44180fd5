import { VERB_TRAITS } from '../commit/commit-plan'
import { fingerprint, hashToken } from '../../session/token'
import type { Awaitable } from '../../base/awaitable'
import type { SessionTrace } from '../../base/tracing'
import type { SessionRecord } from '../../session/record'
import type { SessionModel } from '../../session/session-model'
import type { CommitRequest, Outcome } from '../commit/commit-job'
import { Persistence } from '../session/persistence'
import type { Stored } from '../open/stored'
import type { TracedScope } from './traced-scope'

/** The stored side of a session that somebody traces. */
export class TracedPersistence extends Persistence {
  readonly #scope: TracedScope

  constructor(scope: TracedScope) {
    super(scope)
    this.#scope = scope
  }

  override open(): Awaitable<SessionRecord | undefined> {
    return this.#scope.tracer.trace(
      'load',
      undefined,
      () => super.open(),
      (trace, record) => {
        this.#noteId(trace)
        trace.outcome = record ? 'found' : (this.#scope.rejected ?? 'none')
      },
    )
  }

  override commit(session: SessionModel, request: CommitRequest): Awaitable<Outcome['name']> {
    const before = this.stored
    return this.#scope.tracer.trace(
      VERB_TRAITS[request.verb].regenerates ? 'regenerate' : 'commit',
      this.stored?.id,
      () => super.commit(session, request),
      (trace, outcome) => {
        this.#noteId(trace)
        trace.outcome = outcome
        trace.kind = kindOf(before, this.stored)
      },
    )
  }

  override async end(reason: Parameters<Persistence['end']>[0]): Promise<void> {
    const { tracer, tracedBackend } = this.#scope
    const before = tracedBackend.removals
    await tracer.trace(
      'destroy',
      this.stored?.id,
      () => super.end(reason),
      (trace) => (trace.outcome = !tracer.hasStore || tracedBackend.removals > before ? 'ended' : 'none'),
    )
  }

  #noteId(trace: SessionTrace): void {
    if (this.stored?.id !== undefined) trace.session = fingerprint(this.stored?.id)
  }
}

/** What a commit has done to a token that changes while its visitor works. */
function kindOf(before: Stored | undefined, after: Stored | undefined): SessionTrace['kind'] {
  if (after?.successor && after.successor !== before?.successor) return 'issue'
  const { token, opening } = before ?? {}
  if (token === undefined || !opening?.isUse || opening.place === 'current' || after?.opening) return undefined
  return after?.access.secret === hashToken(token) ? 'turn' : undefined
}
