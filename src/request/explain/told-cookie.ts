import { attributeOf } from './told'

export function sameSiteOf(attributes: readonly string[]): string {
  return attributeOf(attributes, 'samesite')?.toLowerCase() ?? 'unset'
}

/** The domain that a cookie is for; undefined for one that is for its host alone. */
export function domainOf(attributes: readonly string[]): string | undefined {
  return attributeOf(attributes, 'domain')?.toLowerCase().replace(/^\./, '') || undefined
}

/** Whether a host is one that a browser takes the cookie from (RFC 6265, section 5.1.3). */
export function isUnderDomain(host: string, attributes: readonly string[]): boolean {
  const domain = domainOf(attributes)
  if (domain === undefined) return true
  return host.toLowerCase() === domain || host.toLowerCase().endsWith(`.${domain}`)
}

/** Whether a browser sends the cookie of this path to an address (RFC 6265, section 5.1.4). */
export function isUnderPath(address: string, attributes: readonly string[]): boolean {
  const path = attributeOf(attributes, 'path') ?? '/'
  return address === path || address.startsWith(path.endsWith('/') ? path : `${path}/`)
}
