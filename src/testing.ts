export {
  describeSessionStore,
  type DescribeOptions,
  type StoreCapability,
  type StoreFixture,
  type TestRunner,
} from './conformance/describe-session-store'
