import type Koa from 'koa'
import { Container } from 'typedi'
import { createShop } from '../../../example/shop/app'
import { LivePages } from '../../../example/shop/live'
import { prepareSessions } from '../../../example/shop/sessions'
import { Settings } from '../../../example/shop/settings'
import { Browser, serve } from './browser'

export const ADA = { name: 'ada', password: 'analytical engine' }

/** Opens a shop that shares nothing with the ones before it, and answers a first visitor. */
export async function visit(
  environment: NodeJS.ProcessEnv,
  settings = new Settings(environment),
  change: (shop: Koa) => void = () => undefined,
): Promise<Browser> {
  Container.reset()
  const shop = createShop(settings)
  change(shop)
  await prepareSessions(settings.sessions)
  const server = await serve(shop)
  Container.get(LivePages).attach(server)
  return new Browser(server)
}

/** How many things the page says are in the cart. */
export function cartCount(body: string): number {
  return Number(/Cart \((\d+)\)/.exec(body)?.[1])
}
