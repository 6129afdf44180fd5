export {
  describeSessionStore,
  type DescribeOptions,
  type MadeStore,
  type StoreCapability,
  type StoreFixture,
  type TestRunner,
} from './conformance/describe-session-store'
