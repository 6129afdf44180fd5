import { CookieJar } from '../../support/app/app'
import { ONE_DAY, type Plan, type Step } from './plan'
import type { Side } from './sides'
import { OpenMemoryStore, OpenPlainStore, type OpenStore } from './stores'

/** What one visitor and one app have between them, whichever library serves a request. */
export class World {
  readonly plan: Plan
  /** The numbers of the differences that are evened out. */
  readonly evened: ReadonlySet<string>
  readonly store: OpenStore
  readonly events: unknown[][] = []
  readonly jar = new CookieJar()
  /** The id that the visitor holds where the application carries it in a header. */
  heldId = ''

  // Of the request that is being served:
  step!: Step
  side!: Side
  seen: unknown[] = []
  /** Whether a handler has failed. */
  hasFailed = false
  isNull = false
  /** Whether the session was replaced after null, so that it has a new id. */
  isReplaced = false
  isRegenerated = false
  /** Whether a method of the session was called. */
  hasSaved = false
  /** Whether a lifetime was set after that. */
  hasLifetime = false
  /** The data as koa-session saved them last. */
  saved: string | undefined
  /** When the session that koa-session found expires. */
  expire: number | undefined

  constructor(plan: Plan, evened: ReadonlySet<string>, { hasMemoryStore }: { hasMemoryStore: boolean }) {
    this.plan = plan
    this.evened = evened
    this.store = hasMemoryStore
      ? new OpenMemoryStore({ showsTokens: evened.has('D21') })
      : new OpenPlainStore((maxAge) => (maxAge === 'session' && evened.has('D10') ? ONE_DAY : maxAge), {
          isAsync: plan.isAsync,
          forgets: plan.backend !== 'plain',
        })
  }

  get hasStore(): boolean {
    return this.plan.backend !== 'cookie'
  }

  get key(): string {
    return this.plan.options.key ?? 'koa.sess'
  }

  /** What the visitor presents. */
  get presented(): string | undefined {
    return this.plan.hooks.includes('externalKey') ? this.heldId : this.jar.values.get(this.key)
  }

  /** Whether the cookie cannot be set. */
  get isRefused(): boolean {
    return this.plan.options.secure === true && !this.step.https
  }

  begin(step: Step, side: Side): void {
    this.step = step
    this.side = side
    this.seen = []
    this.hasFailed = false
    this.hasSaved = false
    this.hasLifetime = false
    this.saved = undefined
    this.expire = undefined
    this.beginHandler()
  }

  /** With a store, the session begins once more behind the session middleware. */
  beginHandler(): void {
    this.isNull = false
    this.isReplaced = false
    this.isRegenerated = false
  }
}
