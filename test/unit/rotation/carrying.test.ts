import type { IncomingHttpHeaders } from 'node:http'
import { canCarry, isSlow } from '../../../src/rotation/carrying'

test.each<[string, IncomingHttpHeaders, boolean]>([
  ['what says nothing of itself', {}, true],
  ['a navigation', { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'none' }, true],
  ['a call of fetch', { 'sec-fetch-dest': 'empty', 'sec-fetch-site': 'same-origin' }, true],
  ['a frame', { 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'same-origin' }, true],
  ['an image', { 'sec-fetch-dest': 'image' }, false],
  ['a script', { 'sec-fetch-dest': 'script' }, false],
  ['a video', { 'sec-fetch-dest': 'video' }, false],
  [
    'a link of another site',
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    true,
  ],
  [
    'a frame in another site',
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    false,
  ],
  ['a call of fetch from another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'empty' }, false],
  ['a page that is fetched ahead', { 'sec-purpose': 'prefetch;prerender', 'sec-fetch-dest': 'document' }, false],
  ['a page that is fetched ahead by an older browser', { purpose: 'prefetch' }, false],
  ['a handshake of a websocket', { upgrade: 'websocket', connection: 'Upgrade' }, false],
])('R118: a successor goes to %s where it should, and else not', (_title, headers, expected) => {
  expect(canCarry(headers)).toBe(expected)
})

test.each<[string, IncomingHttpHeaders, number, boolean | undefined, boolean]>([
  ['without a body', {}, 1, undefined, false],
  ['with a small body', { 'content-length': '65535' }, 1, undefined, false],
  ['with a body of 64 KB', { 'content-length': '65536' }, 1, undefined, true],
  ['with a length that is no number', { 'content-length': 'x' }, 1, undefined, true],
  ['with a body of unknown length', { 'transfer-encoding': 'chunked' }, 1, undefined, true],
  ['over HTTP/2 without a body', {}, 2, true, false],
  ['over HTTP/2 with a body of unknown length', {}, 2, false, true],
  ['over HTTP/2 with a small body', { 'content-length': '3' }, 2, false, false],
])(
  'R114: a request %s is judged to have waited in a proxy, or not',
  (_title, headers, httpVersionMajor, endAfterHeaders, expected) => {
    expect(isSlow({ headers, httpVersionMajor, stream: { endAfterHeaders } })).toBe(expected)
  },
)
