import type { PresentedCookie, SessionExplanation, SessionHint, ToldCookie } from 'koa-session-service'
import { hintFor, NOTHING_RECALLED, type Circumstances, type Recalled } from '../../../../src/request/explain/hint-for'

type Explained = Omit<SessionExplanation, 'hint'>

/** A visitor's second request, with which nothing is wrong. */
const GOOD: Explained = {
  cookie: 'koa.sess',
  why: 'accepted',
  presented: [cookie('accepted')],
  session: 'loaded',
  fingerprint: undefined,
  written: 'nothing',
  told: [],
  error: undefined,
}

const USUAL: Circumstances = {
  isSecure: true,
  forwardedProto: '',
  host: 'shop.example',
  path: '/cart/pay',
  fetchSite: 'same-origin',
  fetchDest: 'document',
  hasMiddleware: true,
  wasEmptyBefore: false,
  isLasting: true,
  hasOwnTransport: false,
  hasStore: false,
  looksLikeRecord: false,
  hasPrivateKeys: false,
  isUnsaved: false,
  isOver: true,
}

function cookie(fate: PresentedCookie['fate'], fingerprint = 'the one!', name = 'koa.sess'): PresentedCookie {
  return { cookie: name, fingerprint, fate }
}

function set(...attributes: string[]): ToldCookie {
  return { cookie: 'koa.sess', does: 'set', fingerprint: 'the one!', attributes }
}

function refused(why: PresentedCookie['fate']): Partial<Explained> {
  return { why, presented: [cookie(why)], session: 'new' }
}

function told(...attributes: string[]): Recalled {
  return { told: set(...attributes), hadRecord: false }
}

const NONE: Partial<Explained> = { why: 'no-cookie', presented: [], session: 'new' }
const OTHER: Recalled = { told: { ...set(), fingerprint: 'another!' }, hadRecord: false }
const FRAMED: Partial<Circumstances> = { fetchSite: 'cross-site', fetchDest: 'iframe' }
const LINKED: Partial<Circumstances> = { fetchSite: 'cross-site', fetchDest: 'document' }

type Row = [
  what: string,
  hint: SessionHint | undefined,
  explained: Partial<Explained>,
  about?: Partial<Circumstances>,
  recalled?: Recalled,
]

describe('hintFor', () => {
  it.each<Row>([
    ['a session that works', undefined, {}],
    ['a session that works, and is written', undefined, { written: 'changed', told: [set('path=/')] }],
    ['a first visit', undefined, NONE],
    [
      'a first visit that begins a session',
      undefined,
      { ...NONE, written: 'changed', told: [set('path=/', 'httponly')] },
    ],
    [
      'a Secure cookie behind a proxy that is not trusted',
      'no-app-proxy',
      { error: 'ERR_SESSION_INSECURE' },
      { forwardedProto: 'https' },
    ],
    [
      'the same behind a proxy that says http',
      'plain-http',
      { error: 'ERR_SESSION_INSECURE' },
      { forwardedProto: 'http' },
    ],
    ['a Secure cookie and no proxy', 'plain-http', { error: 'ERR_SESSION_INSECURE' }],
    ['no keys', 'no-keys', { error: 'ERR_SESSION_KEYS_MISSING' }],
    ['too much data', 'too-large', { error: 'ERR_SESSION_COOKIE_TOO_LARGE' }],
    ['a store that is down', 'store-error', { error: 'ERR_SESSION_STORE' }],
    ['an error that says all by itself', undefined, { error: 'ERR_SESSION_BAD_VALUE' }],
    ['a page of another site', 'cross-site', { why: 'cross-site' }],
    ['SameSite=None without Secure', 'same-site-none', { told: [set('path=/', 'samesite=none')] }],
    ['SameSite=None with Secure', undefined, { told: [set('samesite=none', 'secure')] }],
    ['a cookie that is cleared says nothing', undefined, { told: [{ ...set('samesite=none'), does: 'clear' }] }],
    ['the Domain of another host', 'other-domain', { told: [set('domain=shop.test')] }],
    ['a Domain that ends alike', 'other-domain', { told: [set('domain=op.example')] }],
    ['the Domain of the host', undefined, { told: [set('domain=.SHOP.example')] }],
    ['the Domain above the host', undefined, { told: [set('domain=example')] }],
    ['no middleware, and a change', 'no-middleware', NONE, { hasMiddleware: false, isUnsaved: true }],
    [
      'no middleware, and a store that nobody has read',
      'no-middleware',
      NONE,
      { hasMiddleware: false, wasEmptyBefore: true },
    ],
    ['no middleware, and nobody who needs it', undefined, NONE, { hasMiddleware: false }],
    ['a store that was not read yet', 'before-middleware', {}, { wasEmptyBefore: true }],
    [
      'two cookies of the name',
      'two-cookies',
      { presented: [cookie('accepted'), cookie('bad-signature', 'another!')] },
    ],
    [
      'the pieces of a session have names of their own',
      undefined,
      { presented: [cookie('accepted'), cookie('accepted', 'another!', 'koa.sess.1')] },
    ],
    ['nobody has asked', undefined, { ...refused('bad-signature'), session: 'not-asked' }],
    ['a signature of another key', 'other-keys', refused('bad-signature')],
    ['the same, in the place of what was set last', 'overwritten', refused('bad-signature'), {}, OTHER],
    ['a cookie of this process that it does not know any more', 'other-keys', refused('bad-signature'), {}, told()],
    ['no signature', 'unsigned', refused('unsigned')],
    ['another codec', 'other-codec', refused('malformed')],
    ['nonsense in the place of what was set last', 'overwritten', refused('malformed'), {}, OTHER],
    ['a piece that is missing', 'piece-missing', refused('piece-missing')],
    ['an id of nobody', 'unknown-record', refused('unknown-id')],
    ['an id in the place of another one', 'overwritten', refused('unknown-id'), {}, OTHER],
    ['a record that should be there', 'store-forgets', refused('unknown-id'), {}, { told: undefined, hadRecord: true }],
    ['a record in the place of an id', 'other-codec', refused('unknown-id'), { looksLikeRecord: true }],
    ['a record that is over before its cookie', 'clock', refused('expired')],
    ['the same after the idle timeout', 'clock', refused('idle')],
    ['a cookie that ends with the browser', undefined, refused('expired'), { isLasting: false }],
    ['a session that is too old', undefined, refused('too-old')],
    ['a token that was exchanged', 'old-token', refused('rotated-away')],
    ['a token of an earlier account', 'old-token', refused('earlier-generation')],
    ['a token that came back after it was replaced', 'copied-cookie', refused('replayed')],
    ['what its word says', undefined, refused('invalid')],
    ['a Secure cookie, and now plain HTTP', 'secure-lost', NONE, { isSecure: false }, told('secure')],
    ['a Secure cookie over HTTPS that does not come', 'not-sent-back', NONE, {}, told('secure')],
    ['the path of another part', 'other-path', NONE, {}, told('path=/admin')],
    ['a path that begins alike', 'other-path', NONE, { path: '/cartoon' }, told('path=/cart')],
    ['the path itself', 'not-sent-back', NONE, { path: '/cart' }, told('path=/cart')],
    ['a path above', 'not-sent-back', NONE, {}, told('path=/cart')],
    ['the domain of another host, last time', 'other-domain', NONE, {}, told('domain=shop.test')],
    ['in a frame of another site', 'same-site', NONE, FRAMED, told('samesite=lax')],
    ['the same, at the first visit', 'same-site', { ...NONE, told: [set('path=/')] }, FRAMED],
    ['in a frame, with SameSite=None', 'not-sent-back', NONE, FRAMED, told('samesite=none', 'secure')],
    ['over a link of another site, strict', 'same-site', NONE, LINKED, told('samesite=strict')],
    ['over a link of another site, lax', 'not-sent-back', NONE, LINKED, told('samesite=lax')],
    ['a cookie that went out too late', 'too-late', { ...NONE, written: 'changed' }],
    [
      'a cookie that the application carries itself',
      undefined,
      { ...NONE, written: 'changed' },
      { hasOwnTransport: true },
    ],
    ['a known session in a store needs no cookie again', undefined, { written: 'changed' }, { hasStore: true }],
    ['a known session in its cookie does', 'too-late', { written: 'changed' }],
    ['a change that nobody has written', 'not-committed', {}, { isUnsaved: true }],
    ['a change that the commit has still to write', undefined, {}, { isUnsaved: true, isOver: false }],
    ['a key that is not saved', 'private-keys', {}, { hasPrivateKeys: true }],
  ])(
    'R120: hintFor() has the right hint, or none, for %s: %s',
    (_what, hint, explained, about = {}, recalled = NOTHING_RECALLED) => {
      expect(hintFor({ ...GOOD, ...explained }, { ...USUAL, ...about }, recalled)).toBe(hint)
    },
  )
})
