import { debug, printed } from './lines'
import { MORE, TEN } from './set-ups'
import { startClock, stopClock } from '../../support/clock'

jest.mock('../../../src/base/debug', () => ({ debug: jest.requireActual<{ debug: typeof debug }>('./lines').debug }))

/** What may be said by a signal at the end of a request is said by then. */
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))

afterEach(startClock)

describe.each([
  ['the ten that people ask about', TEN],
  ['more of the same kinds', MORE],
])('%s', (_, setUps) => {
  it.each(setUps.map((setUp) => [setUp.title, setUp] as const))(
    'R120: the line alone names the cause of trouble with %s',
    async (_title, setUp) => {
      printed.length = 0
      await setUp.run(stopClock())
      await settled()
      const line = printed.filter((text) => text.includes(' | ')).at(-1)
      expect(line).toMatch(new RegExp(` \\| hint: ${setUp.hint}: `))
      expect(line).toMatch(setUp.says)
    },
  )
})
