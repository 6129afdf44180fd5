import type { SessionHint } from '../../session/explanation-words'
import type { Circumstances } from './circumstances'
import { isLink } from './missing-hint'
import type { LastTold } from './recollection'

/** What each hint says, with its cure. */
export const HINTS: Readonly<Record<SessionHint, string>> = {
  'no-app-proxy':
    'X-Forwarded-Proto says https, or X-Forwarded-Host names another host, and the app does not heed it: set app.proxy = true.',
  'plain-http':
    "The cookie is Secure, and the connection is plain HTTP. Behind a TLS proxy, let it send X-Forwarded-Proto and set app.proxy = true; in development, secure: 'auto'.",
  'no-keys': 'The cookie is signed, and app.keys is not set, or has an empty key.',
  'too-large': 'The cookie would be larger than browsers keep. Keep less in the session, or give it a store.',
  'store-error': 'The store failed, or did not answer in time.',
  'cross-site':
    'A page of another site made this request, and the option "crossSite" keeps the session from it. Name its origin in trustedOrigins if it may.',
  'same-site-none':
    'SameSite=None without Secure: browsers drop the cookie. Something behind the session takes Secure away.',
  'other-domain':
    'The Domain of the cookie is not the host that was asked for: browsers drop it, unless a proxy in front has changed Host. Leave out the option "domain", or come by that domain.',
  'no-middleware':
    'ctx.session was used, and the session middleware never ran. Put app.use(session(options, app)) before what answers.',
  'before-middleware':
    'ctx.session was read before the session middleware ran, and was empty there. Put app.use(session(options, app)) first.',
  'two-cookies':
    'Several cookies of this name came, of different paths or domains: from before "path" or "domain" was changed, or of another app on the host. Clear the old one, or use another "key".',
  'secure-lost':
    'The last response set the cookie with Secure, and this request came over plain HTTP, to which browsers do not send it.',
  'other-host':
    'The last response set the cookie for another host name, such as localhost and not 127.0.0.1, or a name without www. Come by one name, and redirect from the others.',
  'other-path':
    'The last response set the cookie for a Path that this address is not under. Leave out the option "path".',
  'same-site':
    "SameSite keeps the cookie from this request, which a page of another site made, from a frame for example. To be sent there, it needs sameSite: 'none', secure: true and partitioned: true.",
  'not-sent-back':
    "The last response set the cookie, and the client has not sent it back: it keeps no cookies (fetch without credentials: 'include', curl without a jar), or its clock is ahead of Expires; or it is another browser or a private window that has come for the first time; or something between (a proxy, a CDN) drops Set-Cookie or Cookie.",
  overwritten:
    'This is not the cookie that this process set last: another app on the host uses the same name (cookies know no port), or another process of this app has other keys or another store. Give each app its own "key", and all processes the same keys and store.',
  'other-keys':
    'The signature is of a key that is not in app.keys: they have changed, are made anew at each start, or another process or app has others.',
  unsigned:
    'The cookie came without its signature ("name.sig"): it was set with signed: false, or something dropped that. A process or app with other keys clears the signature when it finds it bad: see the line before.',
  'other-codec':
    'The cookie cannot be read: it was written by another codec, with other keys of sealed(), or with a store where there is none now, or the other way round.',
  'no-record':
    'The store returned something else than an object, such as a text or a Buffer. "get" has to return the object that "set" was given: let it parse the text.',
  'piece-missing': 'The session is spread over several cookies, and not all of them came: something drops cookies.',
  'store-forgets':
    'This process has used the record, which was to live longer, and the store has lost it: it evicts or expires early, was emptied, or another process ended the session.',
  'unknown-record':
    'The store has no such record, and this process never had it: another store, database or prefix; a MemoryStore after a restart or in another process; or a session that was ended.',
  clock:
    'The record is past its time, and the client still sends the cookie, which has the same: the clock of this process, or of the one that wrote it, is wrong; or the client is no browser.',
  'short-life': 'The session lives for N seconds: maxAge is in milliseconds.',
  'old-token': 'The token was exchanged for a new one: the request was sent before that, or the cookie is a copy.',
  'copied-cookie':
    'The token was replaced more than half a minute ago, and came back: the cookie is a copy, or its owner was overtaken by one. With "rotateEvery", that ends the session, unless onReplay says \'report\'.',
  'too-late':
    'The session was written or ended when the response had begun, so the client was not told. Call "await sessions.save(ctx)" or "destroy(ctx)" before the first byte.',
  'taken-away':
    'The session set its cookie, and it is no more on the response: something behind the session has removed or replaced the header Set-Cookie.',
  'not-committed':
    'ctx.session was changed, and the change is lost: it came after the commit, or autoCommit is off and nobody called save().',
  'private-keys': 'A key of the session begins with "_", and is not saved. Give it another name.',
}

const OVER_A_LINK =
  "SameSite=Strict keeps the cookie from this request: a page of another site has a link to this one. To be sent there, it needs sameSite: 'lax'."
const BEHIND_PROXY =
  'The cookie is Secure, and the proxy says that the connection is plain HTTP, or says nothing of it. Let it send X-Forwarded-Proto: https.'

/** What a hint says where it is given: with the cure that fits the request. */
export function adviceFor(hint: SessionHint, about: Circumstances, last?: LastTold): string {
  if (hint === 'short-life') {
    const life = last?.isOver ? last.life : about.life
    return HINTS[hint].replace('N', String(Number(life) / 1000))
  }
  if (hint === 'same-site' && about.storageAccess !== 'none' && isLink(about)) return OVER_A_LINK
  return hint === 'plain-http' && about.isProxied ? BEHIND_PROXY : HINTS[hint]
}
