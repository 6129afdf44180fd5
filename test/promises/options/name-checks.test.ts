import { checkNames } from '../../../src/options/name-checks'
import { createApp } from '../../support/app/app'

interface Names {
  key: string
  chunks?: number
}

function clash(first: Names, second: Names): void {
  checkNames(createApp(), { property: 'second', ...second }, [{ options: { property: 'first', ...first } }])
}

test.each<[Names, Names]>([
  [{ key: 'sess', chunks: 2 }, { key: 'sess.1' }],
  [{ key: 'sess', chunks: 4 }, { key: 'sess.3' }],
  [{ key: 'sess', chunks: 2 }, { key: 'sess.1.sig' }],
  [
    { key: 'sess', chunks: 2 },
    { key: 'sess.1', chunks: 3 },
  ],
  [
    { key: 'sess', chunks: 3 },
    { key: 'sess', chunks: 2 },
  ],
  [{ key: 'sess', chunks: 3 }, { key: 'sess.sig' }],
])('D7, R63: sessions with the cookies of %j and %j clash, in either order', (one, other) => {
  const error = expect.objectContaining({ code: 'ERR_SESSION_CLASH' }) as Error
  expect(() => clash(one, other)).toThrow(error)
  expect(() => clash(other, one)).toThrow(error)
})

test.each<[Names, Names]>([
  [{ key: 'sess' }, { key: 'sess.1' }],
  [{ key: 'sess', chunks: 1 }, { key: 'sess.1' }],
  [{ key: 'sess', chunks: 2 }, { key: 'sess.2' }],
  [{ key: 'sess', chunks: 2 }, { key: 'sess1' }],
  [
    { key: 'sess', chunks: 4 },
    { key: 'other', chunks: 4 },
  ],
])('D7, R63: sessions with the cookies of %j and %j do not clash', (one, other) => {
  expect(() => clash(one, other)).not.toThrow()
  expect(() => clash(other, one)).not.toThrow()
})
