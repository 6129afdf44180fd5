import type { Context } from 'koa'
import { isPromise } from '../base/awaitable'
import { SessionError } from '../base/errors'
import type { Ends } from '../ends/ends'
import { EVERYBODY, ownerIn } from '../ends/keys'
import { describeAccount } from '../session/account'
import type { SessionData } from '../session/session'
import { endKey } from './end-key'
import { OwnerVerbs } from './owner-verbs'
import { ctxAmong, optionsAmong } from './verb-arguments'

/** How {@link SessionService.end} ends a key. */
export interface EndOptions {
  /** The session of this request goes on. */
  except?: 'current'
  /** Sessions that begin later end too: for a sign-in whose end may come before it. */
  later?: boolean
  /** Answers once no process can open what was ended: after `maxStale`. Otherwise the others follow within that time. */
  everywhere?: boolean
}

const NAMES = ['except', 'later', 'everywhere'] as const

/** The verb that ends sessions by any key. */
export class EndVerbs<Data extends object = SessionData> extends OwnerVerbs<Data> {
  /**
   * Ends all sessions that carry a key and began before now, with the option `ends`: one that `ends.by` returns, `owner:` and
   * an account, or `'*'` for everybody. What begins later lives. In a store, those of an account are removed where the store can
   * list them; all others when they are presented next.
   *
   * @example
   * await sessions.end('org:42')
   * await sessions.end('*', { except: 'current' })
   *
   * @param options.except `'current'`: the session of this request goes on
   * @param options.later whether sessions that begin later end too
   * @param options.everywhere whether to answer only when no process can open what was ended
   * @returns how many were removed; undefined where they are removed, or refused, when they are presented
   * @throws {SessionError} `ERR_SESSION_STORE` (503) where the store of ends failed, `ERR_SESSION_ENDED` (401) where the session
   * to spare was ended itself
   */
  end(key: string, ctx: Context): Promise<number | undefined>
  end(key: string, options?: EndOptions, ctx?: Context): Promise<number | undefined>
  end(key: string, first?: EndOptions | Context, second?: Context): Promise<number | undefined> {
    return this.attended(ctxAmong(first, second), async (ctx) => {
      const options = optionsAmong<EndOptions>('sessions.end(key)', NAMES, first)
      checkKey(key)
      checkOptions(key, options)
      const ends = endsIn(this.config.ends)
      const asker = ctx && this.sessionIn(ctx)
      if (options.except && !asker) return void this.context
      const loading = asker?.load()
      if (isPromise(loading)) await loading
      const isSame = asker?.state.sameness() ?? (() => false)
      const owner = ownerIn(key)
      const listed = owner === undefined ? undefined : await this.endListed(owner, options, ctx)
      if (listed) {
        this.config.emit('ended', { reason: 'key', key, ctx })
        return listed.count
      }
      return void (await endKey(this.config, ends, asker, { ...options, key, isSame, told: { reason: 'key', key } }))
    })
  }
}

function endsIn(ends: Ends | undefined): Ends {
  if (ends) return ends
  throw new SessionError(
    'ERR_SESSION_OPTIONS',
    'sessions.end() ends sessions by a key, and the options do not say where ends are kept. Add ends: { store }.',
  )
}

function checkKey(key: unknown): void {
  if (typeof key === 'string' && key !== '') return
  throw new SessionError(
    'ERR_SESSION_BAD_VALUE',
    `sessions.end(key) takes a key, a text that is not empty such as 'org:42', not ${describeAccount(key)}.`,
  )
}

function checkOptions(key: string, { except, later }: EndOptions): void {
  if (key === EVERYBODY && later) {
    throw new SessionError(
      'ERR_SESSION_BAD_VALUE',
      "sessions.end('*', { later: true }) would let nobody sign in any more. Leave later out: later sign-ins live.",
    )
  }
  if (except !== undefined && except !== 'current') {
    throw new SessionError(
      'ERR_SESSION_BAD_VALUE',
      `sessions.end(key, { except }) takes 'current', not ${describeAccount(except)}.`,
    )
  }
  if (!except || !later) return
  throw new SessionError(
    'ERR_SESSION_BAD_VALUE',
    'sessions.end(key, { except, later }): an end for later sessions too spares none. Leave one of the two out.',
  )
}
