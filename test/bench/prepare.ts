import { ask, type Handler } from './exchange'
import { IMPLEMENTATIONS } from './implementations'
import { SCENARIOS } from './scenarios'
import { FILL, workOf } from './work'

/** An implementation that is ready for requests, and the cookies of the visitors that it has greeted. */
export interface Prepared {
  handler: Handler
  cookies: string[]
}

/** Builds an implementation for a scenario, and makes its sessions with requests of their own. */
export async function prepare(name: string, scenarioName: string): Promise<Prepared> {
  const scenario = SCENARIOS.find((each) => each.name === scenarioName)
  if (!scenario) throw new Error(`There is no scenario ${scenarioName}.`)
  const isBare = name.startsWith('bare')
  const handler = await IMPLEMENTATIONS[name].build(scenario, workOf(scenario))
  const cookies: string[] = []
  for (let visitor = 0; visitor < scenario.visitors; visitor++) {
    cookies.push(isBare ? 'none=none' : (await ask(handler, FILL)).cookie)
  }
  const { body, cookie } = await ask(handler, '/', cookies[0])
  if (body !== 'alice') throw new Error(`${name} answers ${body} in ${scenarioName}.`)
  if (scenario.mode === 'cookie' && scenario.action === 'write' && !isBare && cookie === '') {
    throw new Error(`${name} did not write its cookie in ${scenarioName}.`)
  }
  return { handler, cookies }
}
