import { createHmac } from 'node:crypto'
import { ABSURD_HEADERS, ODD_PAYLOADS, ODD_WORDS } from './oddities'
import { BASE64URL, type Random } from './random'
import { KEYS, NAME, type Cookies, type Target } from './targets'

/** Makes one Cookie header for an app whose visitors are known to the attacker. */
type Attack = (random: Random, target: Target) => string

function header(cookies: Iterable<readonly [string, string]>): string {
  return Array.from(cookies, ([name, value]) => `${name}=${value}`).join('; ')
}

function someVisitor(random: Random, { visitors }: Target): [string, string][] {
  return [...random.pick(visitors)]
}

/** Changes one cookie of a visitor. */
function withOneChanged(random: Random, target: Target, change: (value: string) => string): string {
  const cookies = someVisitor(random, target)
  const index = random.below(cookies.length)
  cookies[index] = [cookies[index][0], change(cookies[index][1])]
  return header(cookies)
}

function mutate(random: Random, text: string): string {
  let mutated = text
  for (let times = random.chance(0.7) ? 1 : 1 + random.below(4); times > 0; times--) {
    const position = random.below(mutated.length + 1)
    const removed = random.pick([0, 1, 1, 1, random.below(8)])
    const added = random.chance(0.2)
      ? ''
      : random.text(random.pick([1, 1, 1, 3]), random.chance(0.8) ? BASE64URL : undefined)
    mutated = mutated.slice(0, position) + added + mutated.slice(position + removed)
  }
  return mutated
}

function flipBits(random: Random, text: string): string {
  const bytes = Buffer.from(text, 'base64')
  for (let times = 1 + random.below(2); times > 0 && bytes.length > 0; times--) {
    bytes[random.below(bytes.length)] ^= 1 << random.below(8)
  }
  return bytes.toString(text.includes('=') || text.startsWith('eyJ') ? 'base64' : 'base64url')
}

function sign(value: string, key: string, algorithm = 'sha1'): string {
  return createHmac(algorithm, key).update(`${NAME}=${value}`).digest('base64url')
}

function plantedPair(random: Random): [string, string][] {
  const value = random.pick([random.text(random.below(60)), random.pick(ODD_WORDS), random.text(36, BASE64URL)])
  return [
    [NAME, value],
    [`${NAME}.sig`, random.chance(0.5) ? random.text(27, BASE64URL) : sign(value, 'not the key')],
  ]
}

function mixed(random: Random, one: Cookies, other: Cookies): string {
  return header(
    Array.from(one, ([name, value]) => [name, random.chance(0.5) ? (other.get(name) ?? value) : value] as const),
  )
}

/** Every kind of attack, by name. */
export const ATTACKS: Record<string, Attack> = {
  'random bytes': (random) => `${NAME}=${random.text(random.below(400))}; ${NAME}.sig=${random.text(random.below(60))}`,
  'random header': (random) => random.text(random.below(600)),
  truncated: (random, target) =>
    withOneChanged(random, target, (value) => {
      const length = random.below(value.length)
      return random.chance(0.5) ? value.slice(0, length) : value.slice(value.length - length)
    }),
  mutated: (random, target) => withOneChanged(random, target, (value) => mutate(random, value)),
  'bits flipped': (random, target) => withOneChanged(random, target, (value) => flipBits(random, value)),
  'one of them missing': (random, target) => {
    const cookies = someVisitor(random, target)
    cookies.splice(random.below(cookies.length), 1)
    return header(cookies)
  },
  "mixed with another visitor's": (random, target) =>
    mixed(random, random.pick(target.visitors), random.pick(target.visitors)),
  'under another name': (random, target) =>
    header(
      someVisitor(random, target).map(([name, value]) => [
        name.replace('koa', random.pick(['KOA', 'ko', '__Host-koa'])),
        value,
      ]),
    ),
  'in another order, planted among': (random, target) => {
    const planted = Array.from({ length: 1 + random.below(6) }, () => plantedPair(random)).flat()
    return header(
      random.shuffled([
        ...planted,
        ...someVisitor(random, target).map(([name, value]) => [name, mutate(random, value)] as [string, string]),
      ]),
    )
  },
  'signed with a key that is not one': (random, target) => {
    const [[, value]] = someVisitor(random, target)
    const changed = random.chance(0.5) ? value : mutate(random, value)
    const key = random.pick(['', 'koa', 'a key that nobody know', `${KEYS[0]} `])
    return `${NAME}=${changed}; ${NAME}.sig=${sign(changed, key)}`
  },
  'signed with another algorithm': (random, target) => {
    const [[, value]] = someVisitor(random, target)
    return `${NAME}=${value}; ${NAME}.sig=${sign(value, random.pick(KEYS), random.pick(['sha256', 'sha512', 'md5']))}`
  },
  'odd payload, well signed': (random) => {
    const value = Buffer.from(random.pick(ODD_PAYLOADS)).toString(random.pick(['base64', 'base64url']))
    return `${NAME}=${value}; ${NAME}.sig=${sign(value, random.pick(KEYS))}`
  },
  'odd word, well signed': (random) => {
    const value = random.pick(ODD_WORDS)
    return `${NAME}=${value}; ${NAME}.sig=${sign(value, random.pick(KEYS))}`
  },
  'odd word': (random) => `${NAME}=${random.pick(ODD_WORDS)}; ${random.pick(ODD_WORDS)}=${random.pick(ODD_WORDS)}`,
  'absurd syntax': (random) => random.pick(ABSURD_HEADERS) + (random.chance(0.3) ? random.pick(ABSURD_HEADERS) : ''),
  huge: (random, target) => {
    const [[, value]] = someVisitor(random, target)
    const size = random.pick([4097, 8000, 16_000, 65_000])
    return `${NAME}=${random.chance(0.5) ? value.repeat(Math.ceil(size / value.length)) : random.pick(BASE64URL.split('')).repeat(size)}`
  },
  many: (random) => header(Array.from({ length: random.below(200) }, () => plantedPair(random)).flat()),
  'chunks that do not fit': (random, target) => {
    const [first, ...others] = someVisitor(random, target)
    const count = random.pick(['c0.', 'c1.', 'c2.', 'c3.', 'c4.', 'c9.', 'c10.', 'c99.', 'c-1.', 'c.'])
    const rest = random.shuffled(others).slice(random.below(others.length + 1))
    return header([[first[0], count + first[1].replace(/^c\d+\./, '')], ...rest])
  },
  'an id like another': (random, target) => {
    const [[, value]] = someVisitor(random, target)
    const variants = [
      value.toUpperCase(),
      ` ${value}`,
      `${value} `,
      `./${value}`,
      `${value}/`,
      `${value}%00`,
      encodeURIComponent(` ${value}`),
    ]
    return `${NAME}=${random.pick(variants)}`
  },
}
