import { end, EVERYBODY, finish, goBack, lose, open, signIn, take, wipe, World, type Setting } from './model'

/** What is tried: what has happened before, and what happens at once. */
interface Scenario {
  title: string
  before?: (world: World) => void
  actors: (world: World) => void
  /** There are so few orders that the suite tries all. */
  isSmall?: true
}

const ORG = 'org'
const ALICE = 'alice'
const BOB = 'bob'

/** Sessions of alice, who is in the organisation, and of bob, that both processes know. */
function known(world: World): void {
  finish(world, signIn(world, 's', 0, [ALICE, ORG]), signIn(world, 'u', 0, [BOB]))
  finish(world, ...['s', 'u', 's'].flatMap((name) => [open(world, name, 0), open(world, name, 1)]))
}

export const SCENARIOS: Scenario[] = [
  {
    title: 'a sign-in beside the end of its key in the other process',
    actors: (world) => world.actors.push(signIn(world, 's', 0, [ORG]), end(world, ORG, 1), open(world, 's', 0)),
  },
  {
    title: 'a sign-in beside the end of everybody in the same process',
    actors: (world) => world.actors.push(signIn(world, 's', 0, [ALICE]), end(world, EVERYBODY, 0), open(world, 's', 1)),
  },
  {
    title: 'a logout, and its copy in both processes',
    before: known,
    actors: (world) => world.actors.push(end(world, 's', 0), open(world, 's', 0), open(world, 's', 1)),
  },
  {
    title: 'a logout whose answer is lost, and its copy twice',
    before: known,
    actors: (world) =>
      world.actors.push(end(world, 's', 0, { fault: 'after' }), open(world, 's', 1), open(world, 's', 1)),
  },
  {
    title: 'two ends at once, and cached reads',
    before: known,
    actors: (world) => world.actors.push(end(world, ORG, 0), end(world, 'other', 0), open(world, 's', 1)),
  },
  {
    title: 'an end that nobody hears of behind one that is heard of',
    isSmall: true,
    before: (world) => {
      known(world)
      finish(world, end(world, ORG, 0))
      // Its message is lost; that of the next one comes.
      world.actors.length = 0
      finish(world, end(world, 'other', 0))
    },
    actors: (world) => world.actors.push(open(world, 'u', 1), open(world, 's', 1)),
  },
  {
    title: 'a process that has just begun asks beside an end',
    before: (world) => finish(world, signIn(world, 's', 0, [ALICE, ORG])),
    actors: (world) => world.actors.push(open(world, 's', 1), end(world, ORG, 0), open(world, 's', 1)),
  },
  {
    title: 'a question of another visitor is under way beside an end',
    before: known,
    actors: (world) =>
      world.actors.push(open(world, 'u', 1), end(world, ORG, 0), open(world, 's', 1), open(world, 's', 1)),
  },
  {
    title: 'a session that takes a key behind an end that the other process has not heard of',
    before: (world) => {
      known(world)
      finish(world, end(world, 'other', 0))
      world.actors.length = 0
    },
    actors: (world) => world.actors.push(take(world, 's', 0, BOB), open(world, 's+', 1), open(world, 'u', 1)),
  },
  {
    title: 'messages may have been lost while a question is under way',
    before: known,
    actors: (world) => world.actors.push(end(world, ORG, 0), lose(world, 1), open(world, 'u', 1), open(world, 's', 1)),
  },
  {
    title: 'everybody but one, which goes on in every process',
    before: known,
    actors: (world) => {
      finish(world, signIn(world, 't', 1, [ALICE, ORG]))
      world.actors.push(end(world, EVERYBODY, 0, { spares: 's' }), open(world, 's', 1), open(world, 't', 1))
    },
  },
  {
    title: 'who is ended spares itself',
    before: known,
    actors: (world) => {
      finish(world, signIn(world, 't', 1, [ALICE, ORG]))
      world.actors.push(end(world, ORG, 0), end(world, ORG, 1, { spares: 's' }), open(world, 's', 1))
    },
  },
  {
    title: 'two spare themselves from the end of the same key',
    before: known,
    actors: (world) => {
      finish(world, signIn(world, 't', 1, [ALICE, ORG]))
      world.actors.push(end(world, ORG, 0, { spares: 's' }), end(world, ORG, 1, { spares: 't' }), open(world, 't', 0))
    },
  },
  {
    title: "a provider's logout beside a callback, for later sign-ins too",
    actors: (world) =>
      world.actors.push(signIn(world, 's', 0, ['sid']), end(world, 'sid', 1, { later: true }), open(world, 's', 0)),
  },
  {
    title: 'a later end, and a plain one behind it',
    actors: (world) => {
      finish(world, end(world, 'sid', 1, { later: true }))
      world.actors.length = 0
      world.actors.push(end(world, 'sid', 0), signIn(world, 's', 0, ['sid']), open(world, 's', 1))
    },
  },
  {
    title: 'a session takes another key beside the end of an old one',
    before: known,
    actors: (world) => world.actors.push(take(world, 's', 0, 'team'), end(world, ORG, 1), open(world, 's+', 0)),
  },
  {
    title: 'a session takes a key that was ended before',
    before: (world) => {
      known(world)
      finish(world, end(world, 'team', 1))
      world.actors.length = 0
    },
    actors: (world) => world.actors.push(take(world, 's', 0, 'team'), open(world, 's+', 0), open(world, 's+', 1)),
  },
  {
    title: 'a sign-in after an end, in the process that has not heard of it',
    before: (world) => {
      finish(world, open(world, 's', 0), end(world, ORG, 1))
    },
    actors: (world) => world.actors.push(signIn(world, 's', 0, [ORG]), open(world, 's', 0), open(world, 's', 1)),
  },
  {
    title: 'the store of ends is lost',
    before: known,
    actors: (world) => {
      finish(world, end(world, 's', 0))
      world.actors.push(wipe(world), open(world, 's', 0), signIn(world, 't', 1, [ALICE]))
    },
  },
  {
    title: 'the store of ends goes back, and somebody signs in',
    before: known,
    actors: (world) => {
      const back = goBack(world)
      back.next()
      finish(world, end(world, 's', 0))
      world.actors.length = 0
      world.actors.push(back, open(world, 's', 0), signIn(world, 't', 0, [ALICE]))
    },
  },
  {
    title: 'the store fails an opening beside an end',
    before: known,
    actors: (world) =>
      world.actors.push(end(world, ORG, 0), open(world, 's', 1, { fault: 'before' }), open(world, 's', 0)),
  },
  {
    title: 'the answer to a sign-in is lost beside an end',
    actors: (world) =>
      world.actors.push(
        signIn(world, 's', 0, [ORG], { fault: 'after' }),
        end(world, ORG, 1),
        signIn(world, 't', 1, [ORG]),
      ),
  },
]

export const SETTINGS: Setting[] = [
  ...[0, 3, 6, 1000].flatMap((maxStale) =>
    [false, true].map((losesMessages) => ({ maxStale, losesMessages, accepts: false })),
  ),
  { maxStale: 6, losesMessages: true, accepts: true },
]

export function worldOf({ before, actors }: Scenario, setting: Setting): World {
  const world = new World(setting)
  before?.(world)
  actors(world)
  return world
}
