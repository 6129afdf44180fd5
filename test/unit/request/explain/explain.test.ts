import { SessionError } from 'koa-session-service'
import { explain } from '../../../../src/request/explain/explain'
import type { ExplainFacts } from '../../../../src/request/explain/facts'
import { fingerprint } from '../../../../src/session/token'
import { USUAL } from './usual'

/** A request that nobody has asked for its session. */
const UNASKED: ExplainFacts = {
  cookie: 'koa.sess',
  cookies: [],
  tokens: undefined,
  refusals: new Map(),
  standing: 'closed',
  tookPlace: false,
  unread: undefined,
  isSpread: false,
  leftover: 'passed-over',
  isCrossSite: false,
  hasStore: true,
  id: undefined,
  written: 'nothing',
  failure: undefined,
  lines: [],
  lostSignatures: [],
  endedBy: undefined,
  now: 0,
  circumstances: USUAL,
}

type Facts = Partial<ExplainFacts>

function came(
  value: string,
  fault?: 'unsigned' | 'bad-signature',
  cookie = 'koa.sess',
): ExplainFacts['cookies'][number] {
  return { cookie, value, fault }
}

const ONE: Facts = { cookies: [came('id-1')], tokens: [{ token: 'id-1' }], standing: 'open' }
const TWO: Facts = {
  cookies: [came('id-1'), came('id-2')],
  tokens: [{ token: 'id-1' }, { token: 'id-2' }],
  standing: 'open',
}
const SPREAD: Facts = {
  cookies: [came('c2.half'), came('other', undefined, 'koa.sess.1')],
  isSpread: true,
  standing: 'open',
}

type Row = [what: string, facts: Facts, why: string, fates: string[], session: string]

describe('explain', () => {
  it.each<Row>([
    ['nobody has asked, and nothing came', {}, 'no-cookie', [], 'not-asked'],
    ['nobody has asked', { cookies: [came('id-1')] }, 'not-asked', ['not-asked'], 'not-asked'],
    [
      'nobody has asked for what has no good signature',
      { cookies: [came('id-1', 'bad-signature')] },
      'bad-signature',
      ['bad-signature'],
      'not-asked',
    ],
    ['it is being read', { ...ONE, tokens: undefined, standing: 'loading' }, 'not-asked', ['not-asked'], 'not-asked'],
    ['nothing came', { tokens: [], standing: 'open' }, 'no-cookie', [], 'new'],
    ['it was accepted', ONE, 'accepted', ['accepted'], 'loaded'],
    ['it was accepted, ended, and replaced', { ...ONE, tookPlace: true }, 'accepted', ['accepted'], 'new'],
    ['it was accepted, and is ended', { ...ONE, standing: 'ended' }, 'accepted', ['accepted'], 'ended'],
    [
      'its key is an older one',
      { ...ONE, tokens: [{ token: 'id-1', outdated: true }] },
      'old-key',
      ['old-key'],
      'loaded',
    ],
    ['it was refused', { ...ONE, refusals: new Map([['id-1', 'idle']]) }, 'idle', ['idle'], 'new'],
    [
      'no token was found',
      { ...ONE, tokens: [], cookies: [came('id-1', 'unsigned')] },
      'unsigned',
      ['unsigned'],
      'new',
    ],
    ['the store is down', { ...ONE, unread: 'store-error' }, 'store-error', ['store-error'], 'new'],
    [
      'the store is down behind the first',
      { ...TWO, unread: 'store-error', refusals: new Map([['id-1', 'invalid']]) },
      'invalid',
      ['invalid', 'store-error'],
      'new',
    ],
    ['`valid` has thrown', { ...ONE, unread: 'failed' }, 'failed', ['failed'], 'new'],
    [
      'there are no keys to look at it with',
      { ...ONE, tokens: undefined, unread: 'failed' },
      'failed',
      ['failed'],
      'new',
    ],
    ['the first of two is good', TWO, 'accepted', ['accepted', 'passed-over'], 'loaded'],
    [
      'the second of two is good',
      { ...TWO, refusals: new Map([['id-1', 'unknown-id']]) },
      'accepted',
      ['unknown-id', 'accepted'],
      'loaded',
    ],
    [
      'one was never opened, and the other was refused',
      {
        ...TWO,
        cookies: [came('id-1', 'bad-signature'), came('id-2')],
        tokens: [{ token: 'id-2' }],
        refusals: new Map([['id-2', 'expired']]),
      },
      'expired',
      ['bad-signature', 'expired'],
      'new',
    ],
    [
      'more came than are tried',
      { ...ONE, cookies: [came('id-1'), came('id-7')] },
      'accepted',
      ['accepted', 'passed-over'],
      'loaded',
    ],
    [
      'something stands in front of the token',
      { ...ONE, cookies: [came('d1.time.mac.id-1')] },
      'accepted',
      ['accepted'],
      'loaded',
    ],
    [
      'what is in front of the token is too old',
      { ...ONE, tokens: [], leftover: 'unproven-device' },
      'unproven-device',
      ['unproven-device'],
      'new',
    ],
    [
      'all pieces came',
      { ...SPREAD, tokens: [{ token: 'halfother' }] },
      'accepted',
      ['accepted', 'accepted'],
      'loaded',
    ],
    [
      'the pieces do not fit',
      { ...SPREAD, tokens: [{ token: 'halfother' }], refusals: new Map([['halfother', 'malformed']]) },
      'malformed',
      ['malformed', 'malformed'],
      'new',
    ],
    [
      'a piece is missing',
      { ...SPREAD, tokens: [], leftover: 'piece-missing' },
      'piece-missing',
      ['piece-missing', 'piece-missing'],
      'new',
    ],
    ['the application carries the id', { ...ONE, cookies: [] }, 'accepted', ['accepted'], 'loaded'],
    ['a page of another site', { ...ONE, isCrossSite: true, tokens: undefined }, 'cross-site', ['cross-site'], 'new'],
    ['a page of another site, without a cookie', { isCrossSite: true, standing: 'open' }, 'cross-site', [], 'new'],
  ])('R120: explain() names the reason where %s', (_what, facts, why, fates, session) => {
    const told = explain({ ...UNASKED, ...facts })
    expect([told.why, told.presented.map(({ fate }) => fate), told.session]).toEqual([why, fates, session])
  })

  it('R120: an explanation is plain and frozen, to the last list in it', () => {
    const told = explain({ ...UNASKED, ...ONE, lines: ['koa.sess=id-1; path=/'] })
    const parts = [told, told.presented, told.presented[0], told.told, told.told[0], told.told[0].attributes]
    expect(parts.map((part) => Object.isFrozen(part))).toEqual(parts.map(() => true))
    expect(structuredClone(told)).toEqual(told)
  })

  it('R120: an explanation has the fingerprint of events for a session in a store, whatever stands in front of the token', () => {
    const facts = { ...UNASKED, ...ONE, cookies: [came('d1.time.mac.id-1')], id: 'id-1' }
    const told = explain(facts)
    expect([told.fingerprint, told.presented[0].fingerprint]).toEqual([fingerprint('id-1'), fingerprint('id-1')])
  })

  it('R120: an explanation lists a signature that is cleared alone behind the cookies', () => {
    const lines = ['koa.sess.1=; path=/']
    const { told } = explain({ ...UNASKED, lines, lostSignatures: ['koa.sess.sig=; path=/; httponly'] })
    expect(told.map(({ cookie, does }) => [cookie, does])).toEqual([
      ['koa.sess.1', 'clear'],
      ['koa.sess.sig', 'clear'],
    ])
  })

  it.each<[string, Facts, string | undefined]>([
    ['it was ended', { ...ONE, refusals: new Map([['id-1', 'ended']]) }, 'owner'],
    ['another one was accepted', { ...TWO, refusals: new Map([['id-1', 'ended']]) }, undefined],
    ['something else decides', { ...ONE, refusals: new Map([['id-1', 'idle']]) }, undefined],
  ])('R120: an explanation says by what a session was ended where that decides: %s', (_what, facts, endedBy) => {
    expect(explain({ ...UNASKED, ...facts, endedBy: 'owner' }).endedBy).toBe(endedBy)
  })

  it.each([
    [undefined, undefined],
    [new SessionError('ERR_SESSION_STORE', 'down'), 'ERR_SESSION_STORE'],
    [new TypeError('what the visitor knows'), 'other'],
    [null, 'other'],
  ])('R120: an explanation of the error %p tells %s', (failure, code) => {
    expect(explain({ ...UNASKED, failure }).error).toBe(code)
  })
})
