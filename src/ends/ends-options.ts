import type { Bus } from '../contracts/bus'
import type { EndStore } from '../contracts/end-store'

/** What to do where the store of ends fails: refuse what nobody can judge, with 503; or accept it. */
export type EndsErrorPolicy = 'refuse' | 'accept'

/** Ends sessions by any key, also those that rest in their cookie. */
export interface EndsOptions<Data extends object = Record<string, unknown>> {
  /** Where ends are kept: a MemoryStore, RedisStore or KyselyStore, or a LayeredStore over one; or your own `EndStore`. */
  store: Partial<EndStore> & { readonly bus?: Bus }
  /**
   * Further keys of a session, by its data: `org:42` for everybody of an organisation. A session of which a key was ended
   * with {@link SessionService.end} opens no more. Default: none, beside its owner and everybody.
   */
  by?: (data: Data) => readonly string[]
  /**
   * For how many milliseconds a session may be opened after its end in another process. With it, and a bus, a process asks the
   * store once in that time and not for each request. Default: 0, it asks for each.
   */
  maxStale?: number
  /** What to do where the store of ends fails. Default: `'refuse'`, the request is a 503. */
  onError?: EndsErrorPolicy
  /** Tells the keys of this service from those of others on the same store. Default: the cookie's name. */
  scope?: string
}
