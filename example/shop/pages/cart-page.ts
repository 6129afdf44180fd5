import type { CartLine } from '../catalogue'
import type { ShopSession } from '../sessions'
import { html, type Html } from './html'
import { layout, price } from './layout'

export function cartPage(session: ShopSession, lines: CartLine[]): string {
  const content = html`<div class="card">${table(lines)}</div>
    ${noteForm(session.note)}`
  return layout('Your cart', session, lines.length === 0 ? EMPTY : content)
}

const EMPTY = html`<p>There is nothing in it yet. <a href="/">Have a look at our teas.</a></p>`

function table(lines: CartLine[]): Html {
  const total = lines.reduce((sum, { product, quantity }) => sum + quantity * product.price, 0)
  return html`<table>
    <thead>
      <tr>
        <th>Tea</th>
        <th class="number">Quantity</th>
        <th class="number">Price</th>
        <th></th>
      </tr>
    </thead>
    <tbody>
      ${lines.map(row)}
    </tbody>
    <tfoot>
      <tr>
        <th colspan="2">Total</th>
        <th class="number">${price(total)}</th>
        <th></th>
      </tr>
    </tfoot>
  </table>`
}

function row({ product, quantity }: CartLine): Html {
  return html`<tr>
    <td>${product.name}</td>
    <td class="number">${quantity}</td>
    <td class="number">${price(quantity * product.price)}</td>
    <td class="number">
      <form method="post" action="/cart/remove">
        <button class="quiet" name="product" value="${product.id}" aria-label="Remove one ${product.name}">
          Remove one
        </button>
      </form>
    </td>
  </tr>`
}

function noteForm(note = ''): Html {
  return html`<h2>A note for the courier</h2>
    <form class="card" method="post" action="/cart/note">
      <label>Ring twice? Leave it with a neighbour? <input name="note" maxlength="200" value="${note}" /></label>
      <button>Keep the note</button>
    </form>`
}
