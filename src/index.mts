export { session as default } from './index.js'
export * from './index.js'
