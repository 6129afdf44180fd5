import '../../support/server-backends'
import './over-http.test'
