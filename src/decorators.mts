export * from './decorators.js'
