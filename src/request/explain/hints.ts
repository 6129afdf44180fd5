/**
 * What is most probably wrong with a request's session, in one word; `NODE_DEBUG=koa-session-service` prints the sentence.
 * The page on troubleshooting has a table of all of them.
 */
export type SessionHint = keyof typeof HINTS

/** What each hint says, with its cure. */
export const HINTS = {
  'no-app-proxy':
    'The cookie is Secure, X-Forwarded-Proto says https, and the app does not believe it: set app.proxy = true.',
  'plain-http':
    "The cookie is Secure, and the connection is plain HTTP. Behind a TLS proxy, let it send X-Forwarded-Proto, and set app.proxy = true; in development, secure: 'auto'.",
  'no-keys': 'The cookie is signed, and app.keys is not set, or has an empty key.',
  'too-large':
    'The cookie would be larger than browsers keep, and was not set. Keep less in the session, or give it a store.',
  'store-error': 'The store failed, or did not answer in time, so the session was not read or not written.',
  'cross-site':
    'A page of another site made this request, and the option "crossSite" keeps the session from it. Name that origin in trustedOrigins if it may.',
  'same-site-none':
    'The cookie goes out with SameSite=None and without Secure, and browsers drop it. Something behind the session takes Secure away.',
  'other-domain':
    'The Domain of the cookie is not the host that was asked for, and browsers drop it. Leave out the option "domain", or ask under that domain.',
  'no-middleware':
    'ctx.session was used, and the session middleware never ran: nothing was written. Put app.use(session(options, app)) before what answers the request.',
  'before-middleware':
    'ctx.session was read before the session middleware ran, and was empty there. Put app.use(session(options, app)) before everything that uses it.',
  'two-cookies':
    'The browser has several cookies of this name, of different paths or domains: an earlier "path" or "domain" of this app, or another app on the host. Clear the old one, or give this session another "key".',
  'secure-lost':
    'The last response set the cookie with Secure, and this request came over plain HTTP, to which browsers do not send it. Use https everywhere.',
  'other-path':
    'The last response set the cookie for a Path that this address is not under. Leave out the option "path", or set it to "/".',
  'same-site':
    "The browser keeps the cookie from this request because of SameSite: a page of another site made it, a frame for example. Such a session needs sameSite: 'none', secure: true and partitioned: true.",
  'not-sent-back':
    "The last response set the cookie, and the same client has not sent it back: it keeps no cookies (fetch without credentials: 'include', curl without a jar, cookies switched off), or its clock is ahead of the cookie's Expires.",
  overwritten:
    'The cookie is not the one that this process set last for this client: another app on the host uses the same name (cookies know no port), or another process of this app has other keys or another store. Give each app a "key" of its own, and all processes of an app the same keys and store.',
  'other-keys':
    'The signature is of a key that is not in app.keys: the keys have changed, are made anew at each start, or another process or app has others.',
  unsigned:
    'The cookie came without its signature ("name.sig"): it was set with signed: false, or something dropped the second cookie.',
  'other-codec':
    'The cookie cannot be read: it was written by another codec, with other keys of sealed(), or by a session with a store where this one has none, or the other way round.',
  'piece-missing':
    'The session is spread over several cookies, and not all of them came. Something drops cookies: a proxy, or a browser that holds too many.',
  'store-forgets':
    'This process wrote the record to live longer, and the store has lost it: it evicts or expires early, was emptied, or the session was ended from outside of this process.',
  'unknown-record':
    'The store has no such record, and this process did not write it: another store, database or prefix; a MemoryStore after a restart or in another process; or a session that was ended.',
  clock:
    'The session has expired by the clock of this process, and the client still sends the cookie, whose time is the same: the clock of this process, or of the one that wrote it, is wrong. Or the client is no browser.',
  'old-token':
    'The token was exchanged for a new one since: the request was sent before that, or the cookie is a copy.',
  'too-late':
    'The session was written when the response had begun, so the client did not get its cookie. Call "await sessions.save(ctx)" before the first byte.',
  'not-committed':
    'ctx.session was changed and the change is lost: it was made after the commit, or autoCommit is off and nobody called save().',
  'private-keys': 'A key of the session begins with "_", and is not saved. Give it another name.',
} as const
