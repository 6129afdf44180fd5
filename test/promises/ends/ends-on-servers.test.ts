import '../../support/backends/server-backends'
import './ends-campaign.test'
