import onHeaders from 'on-headers'
import { andThen, type Awaitable } from '../../base/awaitable'
import { loopTurn } from '../../base/loop-turn'
import type { BusMessage } from '../../contracts/bus'
import { accessOf } from '../../session/access'
import { opensStill } from '../open/rotating'
import { hashSession } from '../../session/hashes'
import type { Stored } from '../open/stored'
import { loadFresh } from '../outside/outside-scope'
import type { RequestScope } from '../scope/request-scope'
import type { Client } from '../tell/client'
import { isResponseOver, whenResponseOver } from '../scope/response-state'

/** The stored side of the session, which tells the client. */
interface Telling {
  readonly stored: Stored | undefined
  readonly client: Pick<Client, 'wasTold' | 'judgeToken'>
}

/**
 * A token that a verb has put on the response while the handler goes on. When the headers go out, another request may have
 * changed the session's token, and this one would take the browser's newer cookie away: then it is taken back.
 */
export class EarlyToken {
  readonly #scope: RequestScope
  readonly #telling: Telling
  #stored: Stored | undefined
  #turn = 0
  #isChanged = false
  #mustAsk = false
  #stop: (() => void) | undefined

  constructor(scope: RequestScope, telling: Telling) {
    this.#scope = scope
    this.#telling = telling
  }

  /** A verb of the application's is done. */
  note(): void {
    const { stored, client } = this.#telling
    // A verb that has written nothing has learned nothing either.
    if (stored !== undefined && stored === this.#stored) return
    const isRotated = stored?.access.secret !== this.#stored?.access.secret
    this.#stored = client.wasTold && this.#scope.backend.rotatesInPlace ? stored : undefined
    this.#turn = loopTurn()
    // The message of this request's own rotation was heard as well.
    if (isRotated) this.#isChanged = false
    if (this.#stored?.id !== undefined) this.#listen(this.#stored.id)
  }

  /** A verb of the application's has failed, which may have written before: what became of the session is not known. */
  doubt(): void {
    this.note()
    this.#mustAsk = true
  }

  /** The handlers are done: where anything was waited for since, the record is asked. */
  check(): Awaitable<void> {
    const stored = this.#stored
    if (stored?.id === undefined || stored !== this.#telling.stored) return
    if (!this.#mustAsk && !this.#isChanged && this.#turn === loopTurn()) return
    return this.#ask(stored.id, stored)
  }

  async #ask(id: string, stored: Stored): Promise<void> {
    try {
      await andThen(loadFresh(this.#scope, id), (loaded) => {
        this.#isChanged = false
        const isCurrent = loaded && opensStill(stored, accessOf(loaded.record))
        this.#telling.client.judgeToken(isCurrent ? 'current' : 'changed')
      })
    } catch {
      this.#telling.client.judgeToken('unknown')
    }
  }

  /** A handler may begin the response itself: then what this process knows has to be enough. */
  #listen(id: string): void {
    const { bus } = this.#scope.config
    if (this.#stop || !bus || isResponseOver(this.#scope.ctx)) return
    const name = hashSession(id)
    this.#stop = bus.subscribe((message) => this.#hear(message, name))
    onHeaders(this.#scope.ctx.res, () => this.#leave())
    whenResponseOver(this.#scope.ctx, () => this.#stop?.())
  }

  #hear(message: BusMessage, name: string): void {
    if (message.kind === 'rotated' || message.kind === 'ended') this.#isChanged ||= message.session === name
  }

  #leave(): void {
    this.#stop?.()
    if (this.#isChanged && this.#stored === this.#telling.stored) this.#telling.client.judgeToken('changed')
  }
}
