const IN_COOKIE = 'The cookie is set by options of its own: maxAge, secure, httpOnly, sameSite, domain and path.'
const KEYS = 'Cookies are signed with the keys of the app: set app.keys = [secret].'
const SEALED = 'A cookie that nobody can read is codec: sealed({ keys }), with secrets of at least 32 bytes.'
const NEVER_EMPTY = 'An empty session is never stored, and one that has not changed is not written: leave it out.'

/** Options of other packages, and what takes their place here. */
const FOREIGN: ReadonlyMap<string, string> = new Map([
  // koa-session, by way of cookies
  ['secureProxy', 'Set app.proxy = true and secure: true.'],
  // express-session
  ['secret', KEYS],
  ['cookie', IN_COOKIE],
  ['name', 'The cookie\'s name is the option "key".'],
  ['resave', NEVER_EMPTY],
  ['saveUninitialized', NEVER_EMPTY],
  ['unset', 'ctx.session = null ends the session, and removes its record.'],
  ['proxy', 'Set app.proxy = true, and secure: true.'],
  // cookie-session, koa-generic-session and others
  ['keys', KEYS],
  ['secretKey', KEYS],
  ['cookieName', 'The cookie\'s name is the option "key".'],
  ['cookieOptions', IN_COOKIE],
  ['encrypt', SEALED],
  ['password', SEALED],
  ['genSid', 'The option "genid" makes ids.'],
  ['generateId', 'The option "genid" makes ids.'],
  ['defer', 'The option "lazy" leaves a session in its store until sessions.load() asks for it.'],
  ['allowEmpty', NEVER_EMPTY],
  ['errorHandler', 'The option "onStoreError" decides where the store fails, and app.on("session:error") tells of it.'],
  ['sessionIdStore', 'The option "externalKey" carries the id, with get, set and clear.'],
  ['reconnectTimeout', 'The option "storeTimeout" bounds how long the store may take.'],
])

/** What takes the place of an option that another library has; undefined for a name that is none of theirs. */
export function placeOf(name: string): string | undefined {
  return FOREIGN.get(name)
}
