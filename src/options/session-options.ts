import type { SessionData } from '../session/session'
import type { SessionOptions as Options } from './options'
import { SessionOptionsSchema } from './options-schema'

/**
 * What a session may be told: koa-session's options, then this library's. Times are in milliseconds.
 *
 * @interface
 */
export type SessionOptions<Data extends object = SessionData> = Options<Data>

/** The same name as a value, as koa-session 7 has it: packages such as Egg's add fields to it, and check by it. */
export const SessionOptions = new SessionOptionsSchema()
