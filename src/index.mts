export { createSession as default } from './index.js'
export * from './index.js'
