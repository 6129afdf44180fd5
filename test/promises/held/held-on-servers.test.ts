import '../../support/backends/server-backends'
import './opened.test'
import './signal.test'
import './held-interleavings.test'

// As in the last of them; it has to come before the library is loaded.
jest.mock('node:timers/promises', () => ({ setTimeout: () => new Promise(setImmediate) }))
