export * from './routing-controllers.js'
