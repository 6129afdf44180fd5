/** publint, but for one thing: where a bundler finds the main door required, it has to be a function, which no ES module is. */
import { readFileSync } from 'node:fs'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
const { messages } = await publint({ pkgDir: '.', strict: true })
const isMeant = ({ code, path }) =>
  code === 'EXPORTS_MODULE_SHOULD_BE_ESM' && path.join() === 'exports,.,require,module'
const found = messages.filter((message) => !isMeant(message)).map((message) => formatMessage(message, manifest))
for (const text of found) console.error(text)
process.exitCode = found.length > 0 ? 1 : 0
