export {
  describeSessionStore,
  type DescribeOptions,
  type MadeStore,
  type StoreCapability,
  type StoreFixture,
  type TestRunner,
} from './conformance/describe-session-store'
export { fakeContext, visit } from './testing-helpers/visit'
export type { RunOptions, VisitOptions, Visitor } from './testing-helpers/visitor'
export { fakeClock, type FakeClock } from './testing-helpers/fake-clock'
export type { BrowserCookie, StorageState } from './testing-helpers/browser-cookies'
export type { CookieResponse } from './testing-helpers/set-cookie'
