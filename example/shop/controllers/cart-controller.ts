import { IsString, MaxLength } from 'class-validator'
import { SessionService } from 'koa-session-service'
import { Session } from 'koa-session-service/routing-controllers'
import { Body, BodyParam, Controller, Get, HttpCode, Post, Redirect } from 'routing-controllers'
import { Service } from 'typedi'
import { Catalogue } from '../catalogue'
import { cartPage } from '../pages/cart-page'
import type { ShopSession } from '../sessions'

const MAX_QUANTITY = 99

class Note {
  @IsString()
  @MaxLength(200)
  note!: string
}

@Service()
@Controller('/cart')
export class CartController {
  constructor(
    private readonly catalogue: Catalogue,
    private readonly sessions: SessionService<ShopSession>,
  ) {}

  @Get('/')
  show(@Session() session: Session<ShopSession>): string {
    return cartPage(session, this.catalogue.linesOf(session.cart))
  }

  @Post('/add')
  @HttpCode(303)
  @Redirect('/')
  add(@BodyParam('product', { required: true }) product: string): Promise<void> {
    return this.#change(product, (quantity) => Math.min(quantity + 1, MAX_QUANTITY))
  }

  @Post('/remove')
  @HttpCode(303)
  @Redirect('/cart')
  remove(@BodyParam('product', { required: true }) product: string): Promise<void> {
    return this.#change(product, (quantity) => quantity - 1)
  }

  /** One request's alone, the session can be written to directly: what is in it at the end is saved. */
  @Post('/note')
  @HttpCode(303)
  @Redirect('/cart')
  note(@Body() { note }: Note, @Session() session: Session<ShopSession>): void {
    if (note === '') delete session.note
    else session.note = note
  }

  /** Counts by `update`, so that two clicks at once are two. */
  async #change(product: string, count: (quantity: number) => number): Promise<void> {
    const { id } = this.catalogue.find(product)
    await this.sessions.update((session) => {
      const { [id]: quantity = 0, ...others } = session.cart ?? {}
      const changed = count(quantity)
      session.cart = changed > 0 ? { ...others, [id]: changed } : others
    })
  }
}
