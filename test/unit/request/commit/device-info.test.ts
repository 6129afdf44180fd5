import type { Context } from 'koa'
import { deviceInfoOf } from '../../../../src/request/commit/device-info'

const CODED = { code: 'ERR_SESSION_BAD_VALUE', message: expect.stringContaining('"device"') }
const of = (value: unknown): unknown => deviceInfoOf(() => value as object as never, {} as Context)

describe('a device', () => {
  it('R66: a device is kept as JSON keeps it', () => {
    expect(of({ ip: '::1', name: undefined, at: new Date(0) })).toEqual({ ip: '::1', at: '1970-01-01T00:00:00.000Z' })
    expect(of({})).toEqual({})
  })

  it('R66: a device has 512 bytes of JSON at most, and not so many characters', () => {
    const longest = 'x'.repeat(512 - '{"a":""}'.length)
    expect(of({ a: longest })).toEqual({ a: longest })
    expect(() => of({ a: `${longest}x` })).toThrow(expect.objectContaining(CODED))
    expect(() => of({ a: 'ü'.repeat(260) })).toThrow(expect.objectContaining(CODED))
  })

  it.each([undefined, null, 'phone', 7, [], new Map(), { big: 1n }, Promise.resolve({})])(
    'R66: a device that is %p is a coded error',
    (value) => {
      expect(() => of(value)).toThrow(expect.objectContaining(CODED))
    },
  )

  it('R66: a device that refers to itself is a coded error', () => {
    const round: Record<string, unknown> = {}
    round.self = round
    expect(() => of(round)).toThrow(expect.objectContaining(CODED))
  })

  it('R66: the error about a device says nothing of it', () => {
    try {
      of({ ip: '203.0.113.7', agent: 'x'.repeat(600) })
    } catch (error) {
      expect((error as Error).message).not.toContain('203.0.113.7')
    }
    expect.assertions(1)
  })
})
