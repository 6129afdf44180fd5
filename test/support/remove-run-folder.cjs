'use strict'
module.exports = require('./run-folder.cjs').remove
