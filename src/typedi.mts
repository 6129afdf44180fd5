export * from './typedi.js'
