import type { Product } from '../catalogue'
import type { ShopSession } from '../sessions'
import { html, type Html } from './html'
import { layout, price } from './layout'

export function shelfPage(session: ShopSession, products: Product[]): string {
  return layout('Our teas', session, html`<div class="cards">${products.map(card)}</div>`)
}

function card({ id, name, description, price: cents }: Product): Html {
  return html`<section class="card">
    <strong>${name}</strong>
    <p>${description}</p>
    <form class="row" method="post" action="/cart/add">
      ${price(cents)}
      <button name="product" value="${id}" aria-label="Add to cart: ${name}">Add to cart</button>
    </form>
  </section>`
}
