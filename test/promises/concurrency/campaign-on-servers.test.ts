// Every call goes over the network: fewer trials of each kind.
process.env.CAMPAIGN_RUNS ??= '2'

import '../../support/backends/server-backends'
import './campaign.test'

// As in there; it has to come before the library is loaded.
jest.mock('node:timers/promises', () => ({ setTimeout: () => new Promise(setImmediate) }))
