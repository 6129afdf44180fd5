import '../../support/backends/server-backends'
import './change-interleavings.test'
import './logout-interleavings.test'
import './rotation-interleavings.test'
import './taken-id.test'

// As in each of them; it has to come before the library is loaded.
jest.mock('node:timers/promises', () => ({ setTimeout: () => new Promise(setImmediate) }))
