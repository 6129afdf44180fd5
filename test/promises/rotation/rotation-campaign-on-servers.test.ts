import '../../support/backends/server-backends'
import './rotation-campaign.test'

// As in there; it has to come before the library is loaded.
jest.mock('node:timers/promises', () => ({ setTimeout: () => new Promise(setImmediate) }))
