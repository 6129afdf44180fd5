import { ask, drive } from './exchange'
import { IMPLEMENTATIONS } from './implementations'
import { SCENARIOS } from './scenarios'
import { FILL, workOf } from './work'

/** How much a new process is exercised before its times count: requests, or milliseconds where these take too long. */
const WARM_UP = { requests: 6000, ms: 4000 }

/** One implementation in one scenario: says when it is ready, and then makes requests for as long as it is told. */
async function serve(name: string, scenarioName: string): Promise<void> {
  const scenario = SCENARIOS.find((each) => each.name === scenarioName)
  if (!scenario) throw new Error(`There is no scenario ${scenarioName}.`)
  const handler = await IMPLEMENTATIONS[name].build(scenario, workOf(scenario))
  const cookies: Buffer[] = []
  for (let visitor = 0; visitor < (name.startsWith('bare') ? 1 : scenario.visitors); visitor++) {
    cookies.push(Buffer.from((await ask(handler, FILL)).cookie))
  }
  const { body, cookie } = await ask(handler, '/', cookies[0].toString())
  if (body !== 'alice') throw new Error(`${name} answers ${body} in ${scenarioName}.`)
  if (scenario.mode === 'cookie' && scenario.action === 'write' && !name.startsWith('bare') && cookie === '') {
    throw new Error(`${name} did not write its cookie in ${scenarioName}.`)
  }
  process.on('message', (ms: number) => {
    void drive(handler, cookies, ms).then((micros) => process.send?.(micros))
  })
  process.on('disconnect', () => process.exit())
  await drive(handler, cookies, WARM_UP.ms, WARM_UP.requests)
  process.send?.('ready')
}

void serve(process.argv[2], process.argv[3])
