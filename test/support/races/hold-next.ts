import { createGate, type Gate } from './gate'

/** Holds the next call of a method, once: before it is made, or what it has answered. */
export function holdNext<T extends object>(target: T, method: keyof T & string, place: 'call' | 'answer'): Gate {
  const gate = createGate()
  const proceed = (target[method] as (...args: unknown[]) => unknown).bind(target)
  jest
    .spyOn(target as Record<string, (...args: unknown[]) => unknown>, method)
    .mockImplementationOnce(async (...args) => {
      if (place === 'call') await gate.pass()
      const answer = proceed(...args)
      if (place === 'answer') await gate.pass()
      return answer
    })
  return gate
}
