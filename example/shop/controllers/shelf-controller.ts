import { Session } from 'koa-session-service/routing-controllers'
import { Controller, Get } from 'routing-controllers'
import { Service } from 'typedi'
import { Catalogue } from '../catalogue'
import { shelfPage } from '../pages/shelf-page'
import type { ShopSession } from '../sessions'

@Service()
@Controller()
export class ShelfController {
  constructor(private readonly catalogue: Catalogue) {}

  @Get('/')
  show(@Session() session: Session<ShopSession>): string {
    return shelfPage(session, this.catalogue.products)
  }
}
