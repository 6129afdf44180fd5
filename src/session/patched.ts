import { isDeepStrictEqual, types } from 'node:util'
import type { Dictionary } from './record'
import type { Serializer } from './serializer'

/**
 * What `current` becomes so that it holds what `next` holds: the same object where that can be, so that whoever holds it, or
 * a part of it, goes on holding what is live. What would be stored alike is left as it is: a Date, and the text that a record
 * has of it. What cannot be changed as it would have to be (it is frozen, or stored as something else than its properties) is
 * given up for `next`.
 */
export function patched(current: unknown, next: unknown, serializer: Serializer): unknown {
  if (current === next || isStoredAlike(current, next, serializer)) return current
  if (!isPatchable(current) || !isPlain(next) || Array.isArray(current) !== Array.isArray(next)) return next
  return patch(current, next, serializer) && isStoredAlike(current, next, serializer) ? current : next
}

/** Returns whether that went well: nothing fails here, whatever an application has made of its objects. */
function patch(current: Dictionary, next: Dictionary, serializer: Serializer): boolean {
  try {
    const surplus = Object.keys(current).filter((key) => !Object.hasOwn(next, key) && isStored(current, key))
    if (!surplus.every((key) => Reflect.deleteProperty(current, key))) return false
    if (!Object.keys(next).every((key) => put(current, key, next[key], serializer))) return false
    return !Array.isArray(current) || Reflect.set(current, 'length', next.length)
  } catch {
    return false
  }
}

function put(current: Dictionary, key: string, next: unknown, serializer: Serializer): boolean {
  const own = Object.getOwnPropertyDescriptor(current, key)
  if (!own) {
    return Reflect.defineProperty(current, key, { value: next, writable: true, enumerable: true, configurable: true })
  }
  // What a getter alone makes of the rest is seen in the end.
  if (own.get && !own.set) return true
  const present = current[key]
  const value = patched(present, next, serializer)
  return value === present || Reflect.set(current, key, value)
}

/** A key that holds nothing to store is no part of what is stored: it stays. */
function isStored(current: Dictionary, key: string): boolean {
  const own = Object.getOwnPropertyDescriptor(current, key) as PropertyDescriptor
  return !('value' in own) || !['undefined', 'function', 'symbol'].includes(typeof own.value)
}

/** Whether a record would say the same of both, in whatever order. What cannot be stored is like nothing. */
function isStoredAlike(one: unknown, other: unknown, serializer: Serializer): boolean {
  try {
    const [text, otherText] = [serializer.stringify({ value: one }), serializer.stringify({ value: other })]
    return text === otherText || isDeepStrictEqual(serializer.parse(text), serializer.parse(otherText))
  } catch {
    return false
  }
}

/** An array, or an object that is stored as its own properties; of which class, and of which realm, is no matter. */
function isPatchable(value: unknown): value is Dictionary {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return false
  if (Array.isArray(value)) return true
  return (
    Object.prototype.toString.call(value) === '[object Object]' && typeof (value as Dictionary).toJSON !== 'function'
  )
}

/** What a record can be parsed to. */
function isPlain(value: unknown): value is Dictionary {
  if (!isPatchable(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  const isOfNoClass = Array.isArray(value) || prototype === null || Object.getPrototypeOf(prototype) === null
  return isOfNoClass && Object.values(Object.getOwnPropertyDescriptors(value)).every((own) => 'value' in own)
}
