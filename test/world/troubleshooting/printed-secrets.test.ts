import { CookieJar } from '../../support/app/app'
import { PlainStore } from '../../support/backends/backends'
import { startClock, stopClock } from '../../support/clock'
import { debug, printed } from './lines'
import { KEYS, MORE, OTHER_KEYS, SEALING, SECRET, TEN } from './set-ups'

jest.mock('../../../src/base/debug', () => ({ debug: jest.requireActual<{ debug: typeof debug }>('./lines').debug }))

afterEach(startClock)

it('R120: nothing that is printed across all set-ups opens a session, is a part of a cookie, or is data', async () => {
  const values = new Set<string>()
  const { accept } = CookieJar.prototype
  jest.spyOn(CookieJar.prototype, 'accept').mockImplementation(function (this: CookieJar, lines) {
    accept.call(this, lines)
    for (const value of this.values.values()) values.add(value)
  })
  const { set } = PlainStore.prototype
  jest.spyOn(PlainStore.prototype, 'set').mockImplementation(function (this: PlainStore, key, ...rest) {
    values.add(key)
    return set.call(this, key, ...rest)
  })
  for (const { run } of [...TEN, ...MORE]) await run(stopClock())
  await new Promise((resolve) => setTimeout(resolve, 50))
  const text = printed.join('\n')
  expect(printed.length).toBeGreaterThan(40)
  expect(values.size).toBeGreaterThan(30)
  // A part will do: whatever is cut short is cut behind that.
  const parts = [...values].map((value) => value.slice(0, 16))
  const secrets = [...parts, SECRET, SECRET.slice(-12), ...KEYS, ...OTHER_KEYS, SEALING, 's3cr3t-id', '_secret']
  expect(secrets.filter((secret) => text.includes(secret))).toEqual([])
})
