import Koa from 'koa'
import { Visitor } from '../../support/app/app'
import { loadRecipe } from './load-recipe'

describe.each(['tsyringe', 'inversify', 'awilix', 'needle-di'])('example/recipes/%s', (name) => {
  const listen = jest.spyOn(Koa.prototype, 'listen')
  const { createApp } = loadRecipe<{ createApp: () => Koa }>(name)

  test(`R50, R80: ${name} builds the store with its dependency, and injects the service`, async () => {
    const app = createApp()
    const [one, another] = [new Visitor(app), new Visitor(app)]
    for (const visits of [1, 2, 3]) expect((await one.get()).json()).toEqual({ visits })
    expect((await another.get()).json()).toEqual({ visits: 1 })
    // An id, and no data.
    expect(one.jar.values.get('koa.sess')).toMatch(/^[\da-f-]{36}$/)
  })

  test(`R50, R80: two apps with ${name} have nothing in common`, async () => {
    const [one, another] = [createApp(), createApp()]
    another.keys = one.keys
    const visitor = new Visitor(one)
    await visitor.get()
    expect((await new Visitor(another, visitor.jar.copy()).get()).json()).toEqual({ visits: 1 })
  })

  test(`R80: the recipe for ${name} listens only where it is the main module`, () => {
    expect(listen).not.toHaveBeenCalled()
  })
})
