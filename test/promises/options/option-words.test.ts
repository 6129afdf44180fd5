import Koa from 'koa'
import { MemoryStore, session, type SessionOptions } from 'koa-session-service'

type Options = Record<string, unknown>

/** An option that takes words: its name, its words, what it stands in, and what is said of any other word. */
type Row = [name: string, words: string[], around: (value: unknown) => Options, takes: string]

const owner = () => undefined
const ROWS: Row[] = [
  ['maxAge', ['session'], (maxAge) => ({ maxAge }), "or 'session'"],
  ['secure', ['auto'], (secure) => ({ secure }), "true, false or 'auto'"],
  ['onStoreError', ['throw', 'anonymous'], (onStoreError) => ({ onStoreError }), "'throw', 'anonymous' or a function"],
  ['onReplay', ['end', 'report'], (onReplay) => ({ ...rotating(), onReplay }), "'end' or 'report'"],
  [
    'ends.onError',
    ['refuse', 'accept'],
    (onError) => ({ ends: { store: new MemoryStore(), onError } }),
    "'refuse' or 'accept'",
  ],
  ['crossSite', ['refuse', 'anonymous'], (crossSite) => ({ crossSite }), "'refuse', 'anonymous', or an object"],
  ['crossSite.mode', ['refuse', 'anonymous'], (mode) => ({ crossSite: { mode } }), "'refuse' or 'anonymous'"],
  [
    'clearSiteData',
    ['cache', 'storage', 'cookies'],
    (name) => ({ clearSiteData: [name] }),
    'cache, storage, executionContexts',
  ],
]
/** koa-session hands these to the package `cookies`, which takes its words in any case. */
const OF_COOKIES: Row[] = [
  [
    'sameSite',
    ['strict', 'lax', 'none'],
    (sameSite) => ({ sameSite, secure: true }),
    "'strict', 'lax', 'none', true or false",
  ],
  ['priority', ['low', 'medium', 'high'], (priority) => ({ priority }), "'low', 'medium' or 'high'"],
]
/** Inside of an object or a list, null is a value like any other. */
const INSIDE = ['ends.onError', 'crossSite.mode', 'clearSiteData']

const rotating = () => ({ store: new MemoryStore(), owner, rotateEvery: 60_000 })
const opened = (options: Options) => () => session(options as SessionOptions, new Koa())
const inCapitals = (word: string) => word[0].toUpperCase() + word.slice(1)
const refusal = (name: string, takes: string) =>
  expect.objectContaining({ code: 'ERR_SESSION_OPTIONS', message: expect.stringMatching(messageOf(name, takes)) })
const messageOf = (name: string, takes: string) => new RegExp(`"${name}".*${takes.replace(/[.*]/g, '\\$&')}`, 's')

const each = (rows: Row[]) =>
  rows.flatMap(([name, words, around, takes]) => words.map((word) => ({ name, word, around, takes })))

describe('options that take one of several words', () => {
  it.each(each([...ROWS, ...OF_COOKIES]))('R38: the option "$name" takes the word $word', ({ word, around }) => {
    expect(opened(around(word))).not.toThrow()
  })

  it.each(each(ROWS))(
    'R38: "$name" refuses $word in another case, and names the words that it takes',
    ({ name, word, around, takes }) => {
      for (const other of [inCapitals(word), word.toUpperCase()])
        expect(opened(around(other))).toThrow(refusal(name, takes))
    },
  )

  it.each(each(OF_COOKIES))('R1: "$name" takes $word in any case, as koa-session does', ({ word, around }) => {
    for (const other of [inCapitals(word), word.toUpperCase()]) expect(opened(around(other))).not.toThrow()
  })

  it.each(each([...ROWS, ...OF_COOKIES]))(
    'R38: "$name" refuses $word with a blank beside it',
    ({ name, word, around, takes }) => {
      for (const other of [`${word} `, ` ${word}`, '']) expect(opened(around(other))).toThrow(refusal(name, takes))
    },
  )

  it.each([...ROWS, ...OF_COOKIES])(
    'R38: "%s" is not set by undefined, and not by null but inside of an object',
    (name, _, around, takes) => {
      if (name !== 'clearSiteData') expect(opened(around(undefined))).not.toThrow()
      if (!INSIDE.includes(name)) expect(opened(around(null))).not.toThrow()
      else expect(opened(around(null))).toThrow(refusal(name, takes))
    },
  )
})
