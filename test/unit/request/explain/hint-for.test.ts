import type { PresentedCookie, SessionExplanation, SessionHint, ToldCookie } from 'koa-session-service'
import type { Circumstances } from '../../../../src/request/explain/circumstances'
import { hintFor, NOTHING_RECALLED, type Recalled } from '../../../../src/request/explain/hint-for'
import { adviceFor } from '../../../../src/request/explain/hints'
import type { LastTold } from '../../../../src/request/explain/recollection'
import { USUAL } from './usual'

type Explained = Omit<SessionExplanation, 'hint'>

/** A visitor's second request, with which nothing is wrong. */
const GOOD: Explained = {
  cookie: 'koa.sess',
  why: 'accepted',
  endedBy: undefined,
  presented: [cookie('accepted')],
  session: 'loaded',
  fingerprint: undefined,
  written: 'nothing',
  told: [],
  error: undefined,
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

/** A cookie that the client was told to keep, well before the request was sent. */
const TOLD: LastTold = {
  cookie: set(),
  host: 'shop.example',
  at: 0,
  isAwaited: true,
  connection: undefined,
  life: USUAL.life,
  isSure: true,
  isOver: false,
}

function recalled(last: Partial<LastTold>, more: Partial<Recalled> = {}): Recalled {
  return { ...NOTHING_RECALLED, ...more, last: { ...TOLD, ...last } }
}

function told(...attributes: string[]): Recalled {
  return recalled({ cookie: set(...attributes) })
}

/** The same, and the client has shown since that it keeps cookies. */
function back(...attributes: string[]): Recalled {
  return recalled({ cookie: set(...attributes), isAwaited: false })
}

/** The same, at another host. */
function elsewhere(...attributes: string[]): Recalled {
  return recalled({ cookie: set(...attributes), isAwaited: false, host: 'www.shop.example' })
}

const NONE: Partial<Explained> = { why: 'no-cookie', presented: [], session: 'new' }
const ANOTHER: ToldCookie = { ...set(), fingerprint: 'another!' }
const OTHER = recalled({ cookie: ANOTHER })
/** The request was sent beside the one that was told. */
const BESIDE = recalled({ cookie: ANOTHER, isSure: false })
const FORWARDED: Partial<Circumstances> = { host: 'backend', forwardedHost: 'shop.test' }
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
    ['the Domain of another host', 'other-domain', { ...NONE, told: [set('domain=shop.test')] }],
    ['a Domain that ends alike', 'other-domain', { ...NONE, told: [set('domain=op.example')] }],
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
    ['the same beside the request that was told', 'other-keys', refused('bad-signature'), {}, BESIDE],
    [
      'the same when that is over',
      'other-keys',
      refused('bad-signature'),
      {},
      recalled({ cookie: ANOTHER, isOver: true }),
    ],
    ['no signature', 'unsigned', refused('unsigned')],
    [
      'a signature that was bad before it was gone',
      'overwritten',
      refused('unsigned'),
      {},
      { ...NOTHING_RECALLED, badSignature: 'overwritten' },
    ],
    ['another codec', 'other-codec', refused('malformed')],
    ['nonsense in the place of what was set last', 'overwritten', refused('malformed'), {}, OTHER],
    ['a piece that is missing', 'piece-missing', refused('piece-missing')],
    ['an id of nobody', 'unknown-record', refused('unknown-id')],
    ['an id in the place of another one', 'overwritten', refused('unknown-id'), {}, OTHER],
    [
      'a record that should be there',
      'store-forgets',
      refused('unknown-id'),
      {},
      { ...NOTHING_RECALLED, record: 'there' },
    ],
    ['a record in the place of an id', 'other-codec', refused('unknown-id'), { looksLikeRecord: true }],
    [
      'a record in the place of what was set last',
      'overwritten',
      refused('unknown-id'),
      { looksLikeRecord: true },
      OTHER,
    ],
    ['an id of nobody beside the request that was told', 'unknown-record', refused('unknown-id'), {}, BESIDE],
    ['nonsense beside the request that was told', 'other-codec', refused('malformed'), {}, BESIDE],
    ['a life of less than a minute', 'short-life', refused('expired'), { life: 59_999 }],
    ['a life of a minute', 'clock', refused('expired'), { life: 60_000 }],
    ['a short life, and a shorter idle timeout', 'clock', refused('idle'), { life: 59_999 }],
    ['a cookie whose short life is over', 'short-life', NONE, {}, recalled({ isOver: true, life: 59_999 })],
    ['a cookie that is over before its long life', undefined, NONE, {}, recalled({ isOver: true })],
    [
      'a cookie that is over, for another path',
      undefined,
      NONE,
      {},
      recalled({ cookie: set('path=/admin'), isOver: true }),
    ],
    ['a record that is over before its cookie', 'clock', refused('expired')],
    ['the same after the idle timeout', 'clock', refused('idle')],
    ['a cookie that ends with the browser', undefined, refused('expired'), { life: undefined }],
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
    ['no cookie beside the request that was told', undefined, NONE, {}, recalled({ isSure: false })],
    ['another path beside it', 'other-path', NONE, {}, recalled({ cookie: set('path=/admin'), isSure: false })],
    ['a path above', 'not-sent-back', NONE, {}, told('path=/cart')],
    ['the domain of another host, last time', 'other-domain', NONE, {}, told('domain=shop.test')],
    ['in a frame of another site', 'same-site', NONE, FRAMED, told('samesite=lax')],
    ['a frame of another site, at the first visit', undefined, { ...NONE, told: [set('path=/')] }, FRAMED],
    ['a link within such a frame', 'same-site', NONE, { ...FRAMED, fetchSite: 'same-origin' }, told('samesite=lax')],
    ['what such a frame fetches', 'same-site', NONE, { fetchDest: 'empty', storageAccess: 'none' }, told()],
    ['a frame whose cookies are kept apart', 'not-sent-back', NONE, { storageAccess: 'none' }, told('partitioned')],
    [
      'cookies of frames that are blocked',
      'same-site',
      NONE,
      { ...FRAMED, storageAccess: 'none' },
      told('samesite=none'),
    ],
    ['a form of another site, lax', 'same-site', NONE, { ...LINKED, method: 'POST' }, back('samesite=lax')],
    ['a form of another site, without SameSite', 'same-site', NONE, { ...LINKED, method: 'POST' }, told()],
    [
      'a form of another site, for SameSite=None',
      'not-sent-back',
      NONE,
      { ...LINKED, method: 'POST' },
      told('samesite=none'),
    ],
    ['a form of the same site', 'not-sent-back', NONE, { method: 'POST' }, told('samesite=strict')],
    ['in a frame, with SameSite=None', 'not-sent-back', NONE, FRAMED, told('samesite=none', 'secure')],
    ['over a link of another site, strict', 'same-site', NONE, LINKED, told('samesite=strict')],
    ['over a link of another site, lax', 'not-sent-back', NONE, LINKED, told('samesite=lax')],
    ['a cookie that came back, and a newcomer of the same address', undefined, NONE, {}, back()],
    ['another host', 'other-host', NONE, {}, elsewhere()],
    ['another host of the same domain', undefined, NONE, {}, elsewhere('domain=shop.example')],
    ['a cookie that came back, and a path that it is not for', 'other-path', NONE, {}, back('path=/admin')],
    ['a request for leave', undefined, NONE, { method: 'OPTIONS' }, told('path=/admin')],
    ['a font, which is fetched without cookies', undefined, NONE, { fetchDest: 'font' }, told()],
    ['a manifest, which is fetched without cookies', undefined, NONE, { fetchDest: 'manifest' }, told('path=/admin')],
    ['a session that this process has ended', undefined, refused('unknown-id'), {}, { ...OTHER, record: 'over' }],
    ['what the store returned is no record', 'no-record', refused('malformed'), { hasNoRecord: true }, OTHER],
    ['a Domain, and a browser that has taken the cookie', undefined, { told: [set('domain=shop.test')] }, FORWARDED],
    [
      'the Domain of the host that the proxy says',
      'no-app-proxy',
      { ...NONE, told: [set('domain=shop.test')] },
      FORWARDED,
    ],
    [
      'the same, where the app heeds the proxy',
      'other-domain',
      { ...NONE, told: [set('domain=shop.test')] },
      { ...FORWARDED, isProxied: true },
    ],
    ['the Domain of that host, last time', 'no-app-proxy', NONE, FORWARDED, told('domain=shop.test')],
    [
      'the origin that the proxy says',
      'no-app-proxy',
      { why: 'cross-site' },
      { ...FORWARDED, fetchSite: '', origin: 'https://shop.test' },
    ],
    [
      'the same from a browser that knows better',
      'cross-site',
      { why: 'cross-site' },
      { ...FORWARDED, fetchSite: 'cross-site', origin: 'https://shop.test' },
    ],
    [
      "secure: 'auto' behind a proxy that is not trusted",
      'no-app-proxy',
      { told: [set('path=/')] },
      { isAutoSecure: true, isSecure: false, forwardedProto: 'https' },
    ],
    [
      "secure: 'auto', and nothing told",
      undefined,
      {},
      { isAutoSecure: true, isSecure: false, forwardedProto: 'https' },
    ],
    [
      "secure: 'auto' behind a proxy that is trusted",
      undefined,
      { told: [set('path=/', 'secure')] },
      { isAutoSecure: true, isProxied: true, forwardedProto: 'https' },
    ],
    [
      'a Secure cookie behind a trusted proxy that says nothing',
      'plain-http',
      { error: 'ERR_SESSION_INSECURE' },
      { isProxied: true },
    ],
    ['a cookie that went out too late', 'too-late', NONE, { isLost: true }],
    ['the same, to a client that has gone', undefined, NONE, { isLost: true, isGone: true }],
    ['a cookie that somebody took away', 'taken-away', { ...NONE, written: 'changed' }, { hasSent: true }],
    ['one that somebody cleared instead', 'taken-away', { told: [{ ...set(), does: 'clear' }] }, { hasSent: true }],
    ['one that is there', undefined, { told: [set()] }, { hasSent: true }],
    ['one that may still be put back', undefined, NONE, { hasSent: true, isOver: false }],
    ['one that nobody was there to get', undefined, NONE, { hasSent: true, isGone: true }],
    ['one that could not be made', undefined, { error: 'other' }, { hasSent: true }],
    ['one that the application carries itself', undefined, NONE, { hasSent: true, hasOwnTransport: true }],
    ['a change that nobody has written', 'not-committed', {}, { isUnsaved: true }],
    ['a change whose commit has failed', undefined, { error: 'ERR_SESSION_NOT_SERIALIZABLE' }, { isUnsaved: true }],
    ['a change that the application drops with its error', undefined, {}, { isUnsaved: true, isDropped: true }],
    ['a change that the commit has still to write', undefined, {}, { isUnsaved: true, isOver: false }],
    ['a key that is not saved', 'private-keys', {}, { hasPrivateKeys: true }],
  ])(
    'R120: hintFor() has the right hint, or none, for %s: %s',
    (_what, hint, explained, about = {}, memory = NOTHING_RECALLED) => {
      expect(hintFor({ ...GOOD, ...explained }, { ...USUAL, ...about }, memory)).toBe(hint)
    },
  )
})

describe('adviceFor', () => {
  it.each<[string, SessionHint, Partial<Circumstances>, RegExp]>([
    ['a link of another site', 'same-site', LINKED, /a link to this one.*sameSite: 'lax'\.$/],
    ['a form of another site', 'same-site', { ...LINKED, method: 'POST' }, /sameSite: 'none', secure: true/],
    ['a frame', 'same-site', FRAMED, /sameSite: 'none', secure: true and partitioned: true/],
    ['no proxy', 'plain-http', {}, /set app\.proxy = true; in development/],
    [
      'a proxy that is trusted',
      'plain-http',
      { isProxied: true },
      /the proxy says .* or says nothing of it\. Let it send/,
    ],
  ])('R120: adviceFor() has the cure that fits the request: %s', (_what, hint, about, says) => {
    expect(adviceFor(hint, { ...USUAL, ...about })).toMatch(says)
  })

  it.each([
    ['the session', undefined, '3.6'],
    ['another cookie that is not over', { ...TOLD, life: 5000 }, '3.6'],
    ['the cookie that is over', { ...TOLD, life: 5000, isOver: true }, '5'],
  ])('R120: adviceFor() says how short a life is: that of %s', (_what, last, seconds) => {
    expect(adviceFor('short-life', { ...USUAL, life: 3600 }, last)).toBe(
      `The session lives for ${seconds} seconds: maxAge is in milliseconds.`,
    )
  })

  it('R120: adviceFor() tells nobody to set app.proxy who has set it', () => {
    expect(adviceFor('plain-http', { ...USUAL, isProxied: true })).not.toContain('app.proxy')
  })
})
