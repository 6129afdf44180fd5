import '../../support/backends/server-backends'
import './in-stores.test'
import './told.test'

// As in each of them; it has to come before the library is loaded.
jest.mock('node:timers/promises', () => ({ setTimeout: () => new Promise(setImmediate) }))
