import '../../support/backends/server-backends'
import './once-in-requests.test'
import './once-interleavings.test'
