import '../../support/server-backends'
import './once.test'
