export * from './dbsc.js'
