export * from './kysely.js'
