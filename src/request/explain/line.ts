import type { EndedReason } from '../../session/events'
import type { PresentedCookie, SessionExplanation, ToldCookie } from './explanation'

/** What of a request stands in its line beside the explanation. */
export interface RequestLine {
  readonly method: string
  readonly protocol: string
  /** Undefined where it cannot be read. */
  readonly host: string | undefined
  readonly path: string
  /** Undefined where there is no response. */
  readonly status: number | undefined
  /** What may not be in the line: an id may travel in a path. */
  readonly secrets: readonly string[]
  /** The client was gone before it had the whole response. */
  readonly isGone: boolean
  /** Why this process has ended a session, by its fingerprint. */
  readonly endOf: (fingerprint: string) => EndedReason | undefined
  /** The sentence of the hint. */
  readonly advice: string
}

/** How long a part of a path may be before it is left out: what is longer may be a secret, such as a token of a mail. */
const MAX_SEGMENT = 24
/** How much is printed of what a client sends, and of an attribute. */
const MAX_PATH = 200
const MAX_HOST = 100
const MAX_ATTRIBUTE = 100
/** How many cookies, and attributes of one, are printed. */
const MAX_LISTED = 8
const LEFT_OUT = '…'

/** One line about a request: what came, what became of it, what was written and told, and the hint. */
export function lineOf(explanation: SessionExplanation, request: RequestLine): string {
  const { cookie, why, presented, session, fingerprint, written, told, error, hint } = explanation
  const { secrets, status } = request
  const parts = [
    `${request.method} ${origin(request)}${shownPath(request.path, secrets)}${status === undefined ? '' : ` ${status}`}`,
    `${cookie}: ${presented.length > 0 ? listed(presented.map((each) => presentedText(each, explanation, request))) : why}`,
    `session: ${session}${fingerprint === undefined ? '' : ` #${fingerprint}`}`,
    `written: ${written}`,
    `told: ${told.length > 0 ? listed(told.map((each) => toldText(each, secrets))) : 'nothing'}`,
    error === undefined ? undefined : `error: ${error}`,
    request.isGone ? 'the client has gone' : undefined,
    hint === undefined ? undefined : `hint: ${hint}: ${request.advice}`,
  ]
  return parts.filter((part) => part !== undefined).join(' | ')
}

function presentedText(
  { cookie, fingerprint, fate }: PresentedCookie,
  { endedBy }: SessionExplanation,
  { endOf }: RequestLine,
): string {
  const reason = fate === 'unknown-id' ? endOf(fingerprint) : undefined
  const why = reason ? ` (ended: ${reason})` : fate === 'ended' && endedBy ? ` (by: ${endedBy})` : ''
  return `${cookie}#${fingerprint} ${fate}${why}`
}

function toldText({ cookie, does, fingerprint, attributes }: ToldCookie, secrets: readonly string[]): string {
  const shown = attributes.map((attribute) => shownAttribute(attribute, secrets))
  return `${does} ${cookie}#${fingerprint} (${listed(shown, '; ')})`
}

function listed(texts: readonly string[], separator = ', '): string {
  const more = texts.length - MAX_LISTED
  const first = more > 0 ? [...texts.slice(0, MAX_LISTED), `and ${more} more`] : texts
  return first.join(separator)
}

/** A client chooses both: what could be no name of a host might change the line, or the terminal. */
function origin({ protocol, host }: RequestLine): string {
  if (host === undefined) return ''
  const isHost = host.length <= MAX_HOST && /^[\w.:[\]-]*$/.test(host)
  return `${/^[a-z]{1,9}$/i.test(protocol) ? protocol : LEFT_OUT}://${isHost ? host : LEFT_OUT}`
}

function shownPath(path: string, secrets: readonly string[]): string {
  const clean = secrets.filter(Boolean).reduce((text, secret) => text.replaceAll(secret, LEFT_OUT), path)
  const shown = clean
    .split('/')
    .map((segment) => (segment.length > MAX_SEGMENT || !isPlain(segment) ? LEFT_OUT : segment))
    .join('/')
  return shown.length > MAX_PATH ? `${shown.slice(0, shown.lastIndexOf('/', MAX_PATH))}/${LEFT_OUT}` : shown
}

/** Whether a text is of visible ASCII characters, without the one that stands between the parts of the line. */
function isPlain(text: string): boolean {
  return /^[!-{}~…]*$/.test(text)
}

function shownAttribute(attribute: string, secrets: readonly string[]): string {
  const [name] = attribute.split('=', 1)
  if (name.toLowerCase() === 'path') return `${name}=${shownPath(attribute.slice(name.length + 1), secrets)}`
  return attribute.length <= MAX_ATTRIBUTE && isPlain(attribute.replaceAll(' ', '')) ? attribute : LEFT_OUT
}
