import { MemoryStore, sealed } from 'koa-session-service'
import { BACKENDS, type BackendCase } from './backends'
import { without } from '../spies/intercept'

/** Secrets that are long enough to seal with, the newest first. */
export const SEALING_KEYS = [
  'a new secret of more than thirty-two bytes',
  'an old secret of more than thirty-two bytes',
]

const SEALED: BackendCase = {
  name: 'sealed cookie',
  hasIds: false,
  isConditional: false,
  options: () => ({ codec: sealed({ keys: SEALING_KEYS }) }),
}

const WITHOUT_TOUCH: BackendCase = {
  name: 'conditional store without touch',
  hasIds: true,
  isConditional: true,
  options: () => ({ store: without(new MemoryStore(), 'touch') }),
}

/** Every backend that needs no server, the sealed cookie and a store without `touch` among them. */
export const EVERY_BACKEND: BackendCase[] = [
  ...BACKENDS.filter(({ name }) => name !== SEALED.name),
  SEALED,
  WITHOUT_TOUCH,
]

/** Those whose record rests in the cookie. */
export const COOKIE_BACKENDS = EVERY_BACKEND.filter(({ hasIds }) => !hasIds)
/** Those whose record rests in a store. */
export const STORE_BACKENDS = EVERY_BACKEND.filter(({ hasIds }) => hasIds)
