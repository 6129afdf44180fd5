import { IsString } from 'class-validator'
import type { Context } from 'koa'
import { SessionService } from 'koa-session-service'
import { Session } from 'koa-session-service/routing-controllers'
import { Body, Controller, Ctx, Get, HttpCode, Post, Redirect } from 'routing-controllers'
import { Service } from 'typedi'
import { Catalogue } from '../catalogue'
import { cartPage, MAX_NOTE } from '../pages/cart-page'
import type { ShopSession } from '../sessions'
import { seeOther } from './see-other'

const MAX_QUANTITY = 99

class Choice {
  /** The id of a product. */
  @IsString()
  product!: string
}

class Note {
  @IsString()
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
  add(@Body() { product }: Choice): Promise<void> {
    return this.#change(product, (quantity) => Math.min(quantity + 1, MAX_QUANTITY))
  }

  @Post('/remove')
  @HttpCode(303)
  @Redirect('/cart')
  remove(@Body() { product }: Choice): Promise<void> {
    return this.#change(product, (quantity) => quantity - 1)
  }

  /** One request's alone, the session can be written to directly: what is in it at the end is saved. */
  @Post('/note')
  note(@Body() { note }: Note, @Session() session: Session<ShopSession>, @Ctx() ctx: Context): string | Context {
    if (note.length > MAX_NOTE) {
      ctx.status = 422
      return cartPage(session, this.catalogue.linesOf(session.cart), { failedNote: note })
    }
    if (note === '') delete session.note
    else session.note = note
    return seeOther(ctx, '/cart')
  }

  /** Who opens the address of a note that was too long, or lands there after a sign-in, wants the cart. */
  @Get('/note')
  @Redirect('/cart')
  leadToCart(): void {}

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
