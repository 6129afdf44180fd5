module.exports = require('koa-session-service')
