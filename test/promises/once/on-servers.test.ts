import '../../support/server-backends'
import './once.test'
import './once-interleavings.test'
