/** What of a request says why its session is not what somebody expects. */
export interface Circumstances {
  readonly method: string
  /** Whether the connection is encrypted, as far as the app knows. */
  readonly isSecure: boolean
  /** `app.proxy`: whether the app heeds what a proxy says. */
  readonly isProxied: boolean
  /** What a proxy says of the connection and of the host, whether or not the app heeds it. */
  readonly forwardedProto: string
  readonly forwardedHost: string
  /** The host that was asked for, without its port; an empty text where that cannot be read. */
  readonly host: string
  readonly path: string
  /** `Origin`, `Sec-Fetch-Site`, `Sec-Fetch-Dest` and `Sec-Fetch-Storage-Access`. */
  readonly origin: string
  readonly fetchSite: string
  readonly fetchDest: string
  readonly storageAccess: string
  readonly hasMiddleware: boolean
  /** Somebody has asked before the store was read, and got an empty session. */
  readonly wasEmptyBefore: boolean
  /** How long the session lives, in milliseconds; undefined where its cookie ends with the browser. */
  readonly life: number | undefined
  /** The cookie is `secure` as the connection is. */
  readonly isAutoSecure: boolean
  /** The application carries the id itself. */
  readonly hasOwnTransport: boolean
  readonly hasStore: boolean
  /** A cookie holds what looks like a record in base64. */
  readonly looksLikeRecord: boolean
  /** What the store returned for an id is something, and no record. */
  readonly hasNoRecord: boolean
  readonly hasPrivateKeys: boolean
  /** The session holds a change that no commit has seen. */
  readonly isUnsaved: boolean
  /** The application wants no commit after this error. */
  readonly isDropped: boolean
  /** The client was not told what it needs, as the response had begun. */
  readonly isLost: boolean
  /** The response was given a cookie of the session. */
  readonly hasSent: boolean
  /** The middleware is done with the request. */
  readonly isOver: boolean
  /** The client was gone before it had the whole response. */
  readonly isGone: boolean
}
