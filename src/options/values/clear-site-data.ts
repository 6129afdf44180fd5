import { describe, invalid, type Rule } from '../checks/rules'

/** What a browser can be told to clear when a visitor signs out; see {@link SessionOptions.clearSiteData}. */
export type ClearedData =
  'cache' | 'storage' | 'executionContexts' | 'clientHints' | 'prefetchCache' | 'prerenderCache' | 'cookies' | '*'

/** The directives of Clear-Site-Data that browsers know. */
const DIRECTIVES: readonly string[] = [
  'cache',
  'storage',
  'executionContexts',
  'clientHints',
  'prefetchCache',
  'prerenderCache',
  'cookies',
  '*',
] satisfies ClearedData[]

export const CLEARED_DATA: Rule = [
  "a list such as ['cache', 'storage']",
  (value) => Array.isArray(value) && value.length > 0,
]

/** Throws at the first thing that no browser clears. */
export function checkClearedData(list: readonly unknown[] | undefined): void {
  for (const [place, name] of (list ?? []).entries()) {
    if (typeof name === 'string' && DIRECTIVES.includes(name) && list?.indexOf(name) === place) continue
    const why = list?.indexOf(name) === place ? 'browsers do not know it' : 'it is there twice'
    throw invalid(
      `The session option "clearSiteData" holds ${describe(name)}: ${why}. It takes ${DIRECTIVES.join(', ')}, each once.`,
    )
  }
}

/** The header's value; undefined where there is nothing to clear. */
export function clearSiteDataHeader(list: readonly ClearedData[] | undefined): string | undefined {
  return list?.map((name) => `"${name}"`).join(', ')
}
