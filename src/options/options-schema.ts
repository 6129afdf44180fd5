import { warnAlways } from '../base/warning'
import { checkOptions, isOption } from './option-checks'
import type { SessionOptions } from './options'
import { invalid } from './checks/rules'

/** What reads one field: a schema of zod's, or whatever has such a method. */
export interface FieldSchema {
  parse(value: unknown): unknown
}

/** What koa-session's schema fills in. */
const DEFAULTS = {
  key: 'koa.sess',
  autoCommit: true,
  overwrite: true,
  httpOnly: true,
  signed: true,
  rolling: false,
  renew: false,
}

/**
 * The part of zod's schemas that packages use of `SessionOptions` of koa-session 7, Egg 4 for example: they add fields to the
 * options, and check a configuration at the start. Nothing else needs it: options are checked when the session is made.
 */
export class SessionOptionsSchema {
  readonly #fields: Readonly<Record<string, FieldSchema>>

  constructor(fields: Readonly<Record<string, FieldSchema>> = {}) {
    this.#fields = fields
  }

  /** The same, with further fields. */
  extend(fields: Readonly<Record<string, FieldSchema>>): SessionOptionsSchema {
    return new SessionOptionsSchema({ ...this.#fields, ...fields })
  }

  /**
   * Returns the options that there are, with koa-session's defaults. As in koa-session, other fields are left out.
   *
   * @throws {SessionError} `ERR_SESSION_OPTIONS` for options that cannot be; what a further field's own schema throws
   */
  parse(given: unknown): SessionOptions & Record<string, unknown> {
    if (typeof given !== 'object' || given === null) throw invalid('Session options are an object.')
    const known = Object.entries(given).filter(([name]) => isOption(name) && !Object.hasOwn(this.#fields, name))
    const options = Object.fromEntries(known.filter(([, value]) => value !== undefined))
    checkOptions(options)
    const fields = given as Record<string, unknown>
    const further = Object.entries(this.#fields).map(([name, field]) => [name, field.parse(fields[name])])
    if (fields.encrypt && !Object.hasOwn(this.#fields, 'encrypt')) tellOfEncrypt()
    return { ...DEFAULTS, ...options, ...Object.fromEntries(further) } as SessionOptions & Record<string, unknown>
  }

  /** As {@link parse}, with the error in the answer. */
  safeParse(given: unknown): { success: true; data: SessionOptions } | { success: false; error: unknown } {
    try {
      return { success: true, data: this.parse(given) }
    } catch (error) {
      return { success: false, error }
    }
  }
}

function tellOfEncrypt(): void {
  warnAlways(
    'parsed encrypt',
    'SessionOptions.parse() leaves "encrypt" out, as koa-session 7 does, and the session cookie can be read. Where ctx.cookies ' +
      'can encrypt, as those of Egg, set it in the options of the app itself (config.session).',
  )
}
