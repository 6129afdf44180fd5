import '../../support/backends/server-backends'
import './once.test'
import './once-interleavings.test'
