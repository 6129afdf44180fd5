import { ONE_DAY, planOf, type Action, type Plan } from './plan'

/**
 * What becomes of a difference here. `evened`: koa-session's side does by its own means what this library does, and
 * `example` is a plan on which the two disagree without that. `avoided`: no plan comes near it. `unseen`: it is in what
 * is not compared.
 */
type Difference =
  | { number: string; how: 'evened'; by: string; example: Plan }
  | { number: string; how: 'avoided' | 'unseen'; by: string }

const set: Action = { do: 'set', key: 'a', value: 1 }
const read: Action = { do: 'read' }
const stored: Partial<Plan> = { backend: 'plain' }

/** Every difference that is allowed, by its number in the design (D) or the requirement that asks for it (R). */
export const DIFFERENCES: Difference[] = [
  { number: 'D1', how: 'avoided', by: 'data that share a CRC-32 by chance are too rare to come up' },
  {
    number: 'D2',
    how: 'evened',
    by: 'after null, koa-session assigns and calls regenerate(); with a store, null ends a session for the request',
    example: planOf(stored, { actions: [set] }, { actions: [{ do: 'replace', data: {} }] }),
  },
  {
    number: 'D3',
    how: 'evened',
    by: 'hooks answer later here, at once there; where there is a `valid` to ask, koa-session reads the cookie first',
    example: planOf({ hooks: ['valid'] }, { actions: [{ do: 'set', key: 'bad', value: 1 }] }, {}),
  },
  { number: 'D4', how: 'avoided', by: 'no handler throws where the commit fails as well' },
  {
    number: 'D5',
    how: 'evened',
    by: "koa-session's cookies are put on the error, which Koa sets again",
    example: planOf({}, { actions: [set], throws: true }),
  },
  { number: 'D6', how: 'avoided', by: 'no handler sends the headers itself' },
  { number: 'D7', how: 'avoided', by: 'there is one session in an app' },
  { number: 'D8', how: 'avoided', by: 'the options are possible ones' },
  {
    number: 'D9',
    how: 'evened',
    by: 'koa-session is told one day where this library has its default',
    example: planOf({}, { actions: [set] }),
  },
  {
    number: 'D10',
    how: 'evened',
    by: "the store takes the text 'session' for one day",
    example: planOf({ ...stored, maxAge: 'session' }, { actions: [set] }),
  },
  {
    number: 'D11',
    how: 'evened',
    by: 'the store forgets what koa-session reports as expired',
    example: planOf(stored, { actions: [set] }, { advance: ONE_DAY + 1 }),
  },
  { number: 'D12', how: 'unseen', by: 'the contents of the store are compared, and no calls of destroy' },
  {
    number: 'D13',
    how: 'evened',
    by: 'no handler reads externalKey after regenerate()',
    example: planOf(
      stored,
      { actions: [set] },
      { actions: [{ do: 'regenerate', how: 'await' }, { do: 'externalKey' }] },
    ),
  },
  { number: 'D14', how: 'avoided', by: 'no key of the data is named like a part of the session' },
  { number: 'D15', how: 'avoided', by: 'data stay below 1,200 characters' },
  { number: 'D16', how: 'avoided', by: 'a visitor sends one request at a time' },
  { number: 'D17', how: 'avoided', by: 'a visitor sends one request at a time' },
  { number: 'D18', how: 'unseen', by: 'logs are not compared' },
  {
    number: 'D19',
    how: 'evened',
    by: 'with `rolling`, koa-session reads the cookie when the handler is through',
    example: planOf({ options: { rolling: true } }, { actions: [set] }, {}),
  },
  { number: 'D20', how: 'avoided', by: 'every app has options of its own' },
  {
    number: 'D21',
    how: 'evened',
    by: 'a record of MemoryStore counts as one under the token that opens it, which is replayed ten seconds later',
    example: planOf({ backend: 'MemoryStore' }, { actions: [set] }, { actions: [{ do: 'regenerate', how: 'await' }] }),
  },
  {
    number: 'D22',
    how: 'avoided',
    by: 'a visitor sends one request at a time; what is being saved is not ended, but where a cookie is cleared after it',
  },
  { number: 'D23', how: 'avoided', by: 'the options are ones that both know' },
  { number: 'D24', how: 'avoided', by: 'the store is never slow' },
  { number: 'D25', how: 'avoided', by: 'maxAge is never 0' },
  {
    number: 'R2',
    how: 'avoided',
    by: 'koa-session ignores the callback of manuallyCommit(), so that a promise stands in',
  },
  { number: 'R3', how: 'avoided', by: 'with a store, nothing is saved before the session middleware' },
  { number: 'R98', how: 'avoided', by: 'with a `decode` that may fail, nothing reads the session on the way back' },
  {
    number: 'R18',
    how: 'evened',
    by: 'the last Set-Cookie line of a name counts; koa-session saves again where data differ from what it saved last',
    example: planOf(
      {},
      { actions: [set] },
      { actions: [{ do: 'set', key: 'a', value: 2 }, { do: 'save', how: 'await' }, set] },
    ),
  },
  {
    number: 'R20',
    how: 'evened',
    by: "koa-session is told the lifetime 'session' again when it has saved",
    example: planOf({ maxAge: 'session' }, { actions: [set, { do: 'save', how: 'await' }, read] }),
  },
  { number: 'R21', how: 'avoided', by: 'a cookie holds what one of the two wrote, or a text that holds no record' },
  {
    number: 'R23',
    how: 'evened',
    by: 'koa-session is told again when the record expires, where the session is assigned to',
    example: planOf(
      { options: { renew: true } },
      { actions: [set] },
      { advance: ONE_DAY / 2 + 1, actions: [{ do: 'copy' }] },
    ),
  },
  { number: 'R28', how: 'avoided', by: 'no key of the data is named like a part of a record' },
  { number: 'R30', how: 'avoided', by: 'cookies are signed with the first key' },
  { number: 'R31', how: 'avoided', by: 'ids that no store knows are well formed' },
  { number: 'R33', how: 'avoided', by: 'the one payload that holds no object is no JSON either' },
  { number: 'R39', how: 'avoided', by: 'no regenerate() where the cookie cannot be set' },
]

/** The numbers of the differences that are evened out. */
export const EVENED: ReadonlySet<string> = new Set(
  DIFFERENCES.filter(({ how }) => how === 'evened').map(({ number }) => number),
)
