'use strict'
const { mkdtempSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')

/** A folder for what all suites of one run share, such as the packed project: jest calls it before and after the suites. */
module.exports = function makeRunFolder() {
  process.env.RUN_FOLDER = mkdtempSync(join(tmpdir(), 'koa-session-service-run-'))
}

module.exports.remove = function removeRunFolder() {
  rmSync(process.env.RUN_FOLDER, { recursive: true, force: true })
}
