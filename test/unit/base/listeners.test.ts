import { Listeners } from '../../../src/base/listeners'

test('R73: everybody hears a message, also beside somebody who fails, and the first error is thrown then', () => {
  const listeners = new Listeners<string>()
  const heard: string[] = []
  listeners.add((message) => heard.push(`one ${message}`))
  for (const text of ['first', 'second']) {
    listeners.add(() => {
      throw new Error(text)
    })
  }
  listeners.add((message) => heard.push(`last ${message}`))
  expect(() => listeners.call('hello')).toThrow('first')
  expect(heard).toEqual(['one hello', 'last hello'])
})

test('R73: a function that listens twice hears a message twice, and each end ends one of them, once', () => {
  const listeners = new Listeners<number>()
  const heard: number[] = []
  const listen = (message: number) => heard.push(message)
  const [endOne, endOther] = [listeners.add(listen), listeners.add(listen)]
  listeners.call(1)
  endOne()
  endOne()
  expect(listeners.size).toBe(1)
  listeners.call(2)
  endOther()
  listeners.call(3)
  expect(heard).toEqual([1, 1, 2])
  expect(listeners.size).toBe(0)
})

test('R73: a listener that begins or ends to listen while a message is told changes nothing of that message', () => {
  const listeners = new Listeners<string>()
  const heard: string[] = []
  const endLast = { call: () => undefined as void }
  listeners.add((message) => {
    heard.push(`one ${message}`)
    endLast.call()
    listeners.add((later) => heard.push(`new ${later}`))
  })
  endLast.call = listeners.add((message) => heard.push(`last ${message}`))
  listeners.call('a')
  expect(heard).toEqual(['one a', 'last a'])
})
