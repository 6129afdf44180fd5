import { sealed, type SessionOptions } from 'koa-session-service'
import { CookieJar } from '../../support/app/app'
import { Process } from '../../support/races/process'
import { FLASH, VERBS, type Verb } from '../../support/races/verbs'
import { turns } from '../../support/races/scheduled-store'

const KEY = 'a secret of more than thirty-two bytes'
const OWNED: SessionOptions = { owner: ({ user }) => user as string }

const MODES: { mode: string; options: SessionOptions }[] = [
  { mode: 'a signed cookie', options: {} },
  { mode: 'a signed cookie, with owner', options: OWNED },
  { mode: 'a sealed cookie, with owner', options: { ...OWNED, codec: sealed({ keys: [KEY] }) } },
]

interface Outcome {
  status: number | undefined
  value: Record<string, unknown> | undefined
  shown: Record<string, unknown>
}

/** Makes a request with two verbs at once, and reads what the browser has then. */
async function run(options: SessionOptions, [first, second]: [Verb, Verb], isAwaited: boolean): Promise<Outcome> {
  let value: Record<string, unknown> | undefined
  const { wire } = new Process(options, {
    '/seed': (ctx) => void Object.assign(ctx.session, { n: 0, logins: 0, flash: FLASH, kept: true, user: 'ann' }),
    '/two': async (ctx, sessions) => {
      const perform = async (verb: Verb): Promise<unknown> => verb.run(ctx, sessions)
      const [one, two] = [perform(first), perform(second)]
      two.catch(() => undefined)
      const values = await (isAwaited ? Promise.all([one, two]) : Promise.all([one]))
      value = { first: values[0], second: values[1] }
    },
  })
  const jar = new CookieJar()
  await wire.send('/seed', jar).answer
  let status: number | undefined
  void wire.send('/two', jar).answer.then((answer) => (status = answer?.status))
  for (let round = 0; round < 50 && status === undefined; round++) await turns(10)
  const shown = await wire.send('/read', jar).answer
  const { data } = JSON.parse(shown?.body ?? '{}') as { data?: Record<string, unknown> | null }
  return { status, value, shown: data ?? {} }
}

/** What is wrong; undefined where nothing is. */
function wrongIn({ status, value, shown }: Outcome, [first, second]: [Verb, Verb]): string | undefined {
  const both = [first, second]
  const has = (trait: keyof Verb): boolean => both.some((verb) => verb[trait])
  if (status === undefined) return 'never answered'
  if (status !== 200)
    return status === 401 && has('needsOwner') && (has('signsOut') || has('ends')) ? undefined : `${status}`
  if (both.every(({ takes }) => takes) && value?.first !== undefined && value.second !== undefined) return 'taken twice'
  if (has('ends')) return undefined
  if (has('takes') && shown.flash !== undefined) return 'taken, and there'
  if (has('clears')) return undefined
  for (const key of ['n', 'logins'] as const) {
    const expected = both.filter(({ counts }) => counts === key).length
    if (shown[key] !== expected) return `${key} is ${String(shown[key])}, not ${expected}`
  }
  const lost = both.filter(({ sets }) => sets !== undefined && shown[sets] !== true)
  return lost.length > 0 ? `lost: ${lost.map(({ name }) => name).join()}` : undefined
}

describe.each(MODES)('two verbs of one request at once, whose session rests in $mode', ({ options }) => {
  describe.each([true, false])('both awaited: %p', (isAwaited) => {
    it.each(VERBS)(
      'R83: two verbs of one request at once are both answered, and nothing is lost: $name beside each other one',
      async (first) => {
        const wrong: string[] = []
        for (const second of VERBS) {
          const what = wrongIn(await run(options, [first, second], isAwaited), [first, second])
          if (what !== undefined) wrong.push(`${second.name}: ${what}`)
        }
        expect(wrong).toEqual([])
      },
    )
  })
})
