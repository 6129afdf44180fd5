import '../../support/server-backends'
import './campaign.test'
