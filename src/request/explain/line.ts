import type { PresentedCookie, SessionExplanation, ToldCookie } from './explanation'
import { HINTS } from './hints'

/** What of a request stands in its line beside the explanation. */
export interface RequestLine {
  readonly method: string
  /** Without the path. */
  readonly origin: string
  readonly path: string
  /** Undefined where there is no response. */
  readonly status: number | undefined
  /** What may not be in the line: an id may travel in a path. */
  readonly secrets: readonly string[]
  readonly isUnderWay: boolean
}

/** How long a part of a path may be before it is left out: what is longer may be a secret, such as a token of a mail. */
const MAX_SEGMENT = 24

/** One line about a request: what came, what became of it, what was written and told, and the hint. */
export function lineOf(explanation: SessionExplanation, request: RequestLine): string {
  const { cookie, why, presented, session, fingerprint, written, told, error, hint } = explanation
  const { method, origin, status, isUnderWay } = request
  const parts = [
    `${method} ${origin}${shown(request)}${status === undefined ? '' : ` ${status}`}`,
    `${cookie}: ${presented.length > 0 ? presented.map(presentedText).join(', ') : why}`,
    `session: ${session}${fingerprint === undefined ? '' : ` #${fingerprint}`}`,
    `written: ${written}`,
    `told: ${told.length > 0 ? told.map(toldText).join(', ') : 'nothing'}`,
    error === undefined ? undefined : `error: ${error}`,
    isUnderWay ? 'the handler still runs' : undefined,
    hint === undefined ? undefined : `hint: ${hint}: ${HINTS[hint]}`,
  ]
  return parts.filter((part) => part !== undefined).join(' | ')
}

function presentedText({ cookie, fingerprint, fate }: PresentedCookie): string {
  return `${cookie}#${fingerprint} ${fate}`
}

function toldText({ cookie, does, fingerprint, attributes }: ToldCookie): string {
  return `${does} ${cookie}#${fingerprint} (${attributes.join('; ')})`
}

function shown({ path, secrets }: RequestLine): string {
  const clean = secrets.filter(Boolean).reduce((text, secret) => text.replaceAll(secret, '…'), path)
  return clean
    .split('/')
    .map((segment) => (segment.length > MAX_SEGMENT ? '…' : segment))
    .join('/')
}
