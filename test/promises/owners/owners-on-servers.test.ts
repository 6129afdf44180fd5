import '../../support/backends/server-backends'
import './confirm-beside-ends.test'
import './every-step.test'
import './half-a-sign-in.test'
import './handed-over.test'
import './kept-life.test'
import './list-and-revoke.test'
import './max-per-owner.test'
import './revoke-all-interleavings.test'
import './sign-out-beside-confirm.test'
import './take.test'
import './two-services.test'

// As in each of them; it has to come before the library is loaded.
jest.mock('node:timers/promises', () => ({ setTimeout: () => new Promise(setImmediate) }))
