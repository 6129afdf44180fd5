import type { Config } from 'jest'

const config: Config = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform: { '^.+\\.ts$': ['ts-jest', { tsconfig: '<rootDir>/tsconfig.json' }] },
  moduleNameMapper: {
    '^koa-session-service$': '<rootDir>/src/index.ts',
    '^koa-session-service/(.*)$': '<rootDir>/src/$1.ts',
  },
  reporters: ['default', '<rootDir>/test/support/summary-reporter.cjs'],
  globalSetup: '<rootDir>/test/support/run-folder.cjs',
  globalTeardown: '<rootDir>/test/support/remove-run-folder.cjs',
  // For machines that have other things to do.
  testTimeout: 120_000,
  // One process for all suites grows, and slows them down.
  maxWorkers: 2,
  workerIdleMemoryLimit: '1500MB',
}

export default config
