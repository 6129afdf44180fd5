import { createApp } from '../../../example/recipes/key-rotation'
import { CookieJar, Visitor } from '../../support/app/app'

const [OLD, NEW] = ['an old key of thirty-two bytes, at least', 'a new key of thirty-two bytes, at least']

async function views(keys: string[], jar: CookieJar): Promise<number> {
  return (await new Visitor(createApp(keys), jar).get()).json<{ views: number }>().views
}

test('R30, R36: a session under the old key goes on under the new one, and then without the old one', async () => {
  const jar = new CookieJar()
  expect(await views([OLD], jar)).toBe(1)
  expect(await views([NEW, OLD], jar)).toBe(2)
  expect(await views([NEW], jar)).toBe(3)
})

test('R30, R36: in a rolling deploy, each process opens what the others have sealed', async () => {
  const jar = new CookieJar()
  for (const [index, keys] of [[OLD], [OLD, NEW], [OLD], [OLD, NEW], [NEW, OLD], [OLD, NEW], [NEW, OLD]].entries()) {
    expect(await views(keys, jar)).toBe(index + 1)
  }
})

test('R30, R36: a key that was taken away opens nothing', async () => {
  const jar = new CookieJar()
  expect(await views([OLD], jar)).toBe(1)
  expect(await views([NEW], jar)).toBe(1)
})
