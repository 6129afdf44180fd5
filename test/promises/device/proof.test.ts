import { isSignedBy, keyOf, parseProof, type DeviceKey } from '../../../src/device/proof'
import { mutate } from '../../support/device/mutate-proof'
import { SoftwareDevice, type Algorithm } from '../../support/device/software-device'

const ALGORITHMS: Algorithm[] = ['ES256', 'RS256']
const devices = { ES256: new SoftwareDevice('ES256'), RS256: new SoftwareDevice('RS256') }
const other = { ES256: new SoftwareDevice('ES256'), RS256: new SoftwareDevice('RS256') }

/** The key that a registration brings, where it is accepted. */
function registered(text: string): DeviceKey | undefined {
  const proof = parseProof(text)
  return proof && keyOf(proof)
}

function isAccepted(key: DeviceKey, text: string): boolean {
  const proof = parseProof(text)
  return proof !== undefined && proof.challenge === 'challenge' && isSignedBy(key, proof)
}

const keys = {
  ES256: registered(devices.ES256.register('x')) as DeviceKey,
  RS256: registered(devices.RS256.register('x')) as DeviceKey,
}

describe.each(ALGORITHMS)('%s', (algorithm) => {
  const device = devices[algorithm]
  const stranger = other[algorithm]

  it('R77: a registration brings its key, and that key verifies what the device signs', () => {
    const key = registered(device.register('challenge'))
    expect(key).toEqual({
      algorithm,
      key: device.publicKey.export({ format: 'der', type: 'spki' }).toString('base64url'),
    })
    expect(isAccepted(key as DeviceKey, device.prove('challenge'))).toBe(true)
  })

  it('R77: the stored key verifies a refresh, whichever key the proof names', () => {
    const foreign = stranger.prove('challenge', { header: { jwk: stranger.jwk } })
    expect(isAccepted(keys[algorithm], foreign)).toBe(false)
    expect(isAccepted(keys[algorithm], device.prove('challenge', { header: { jwk: stranger.jwk } }))).toBe(true)
  })

  const signedBy = (header: Record<string, unknown>) => device.register('challenge', { header })
  const REFUSED: [what: string, text: string][] = [
    ['nothing', ''],
    ['two parts', device.register('challenge').split('.').slice(0, 2).join('.')],
    ['four parts', `${device.register('challenge')}.a`],
    ['another type', signedBy({ typ: 'JWT' })],
    ['no type', signedBy({ typ: undefined })],
    ['the algorithm "none"', signedBy({ alg: 'none' })],
    ['a secret for a key', signedBy({ alg: 'HS256', jwk: { kty: 'oct', k: 'AAAA' } })],
    ['another algorithm', signedBy({ alg: algorithm === 'ES256' ? 'RS256' : 'ES256' })],
    ['an extension that has to be understood', signedBy({ crit: ['b64'], b64: false })],
    ['no key', signedBy({ jwk: undefined })],
    ['a key that is a text', signedBy({ jwk: 'key' })],
    ['a key of another kind', signedBy({ jwk: other[algorithm === 'ES256' ? 'RS256' : 'ES256'].jwk })],
    ["a stranger's key", signedBy({ jwk: stranger.jwk })],
    ["a stranger's signature", device.register('challenge', { signer: stranger })],
    ['no challenge', device.register('challenge', { payload: { jti: undefined } })],
    ['a challenge that is no text', device.register('challenge', { payload: { jti: { a: 1 } } })],
    ['a payload that is a list', device.register('challenge').replace(/\.[^.]+\./, '.W10.')],
    ['a text that is far too long', device.register('x'.repeat(5000))],
    ['padding', device.register('challenge').replace('.', '=.')],
    ['an empty signature', device.register('challenge').replace(/[^.]+$/, '')],
  ]
  it.each(REFUSED)('R77: a registration is refused for %s', (_what, text) => {
    expect(registered(text)).toBeUndefined()
  })

  it('R77: of 1,000 mutations of a proof none is accepted, and none throws', () => {
    const good = device.prove('challenge')
    const spare = device.prove('another challenge')
    const mutations = Array.from({ length: 1000 }, (_, index) => mutate(good, spare, index))
    expect(mutations.filter((text) => text === good || isAccepted(keys[algorithm], text) || registered(text))).toEqual(
      [],
    )
    expect(isAccepted(keys[algorithm], good)).toBe(true)
  })
})

it.each([
  ['a curve that is not P-256', new SoftwareDevice('ES256', { curve: 'P-384' })],
  ['an RSA key of 1024 bits', new SoftwareDevice('RS256', { bits: 1024 })],
])('R77: a registration is refused for %s', (_what, device) => {
  expect(registered(device.register('challenge'))).toBeUndefined()
})

it('R77: a registration is refused for a point that is not on the curve, and for another exponent', () => {
  const { jwk } = devices.ES256
  expect(registered(devices.ES256.register('challenge', { header: { jwk: { ...jwk, x: jwk.y } } }))).toBeUndefined()
  const rsa = { ...devices.RS256.jwk, e: 'Aw' }
  expect(registered(devices.RS256.register('challenge', { header: { jwk: rsa } }))).toBeUndefined()
})

it('R77: a private key that comes along is not kept', () => {
  const { jwk } = devices.ES256
  const key = registered(devices.ES256.register('challenge', { header: { jwk: { ...jwk, d: 'AAAA' } } }))
  expect(key).toEqual(keys.ES256)
})
