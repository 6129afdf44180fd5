import '../../support/backends/server-backends'
import './over-http.test'
