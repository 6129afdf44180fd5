import type { CartLine } from '../catalogue'
import type { ShopSession } from '../sessions'
import { html, type Html } from './html'
import { errorLine, refused } from './form-error'
import { layout, price } from './layout'

/** How many characters a note has at most. */
export const MAX_NOTE = 200

const ERROR = 'note-error'

interface Typed {
  /** The note that was typed, where it is too long. */
  failedNote?: string
}

export function cartPage(session: ShopSession, lines: CartLine[], { failedNote }: Typed = {}): string {
  if (lines.length === 0 && failedNote === undefined) return layout('Your cart', session, EMPTY)
  return layout(
    'Your cart',
    session,
    html`<div class="card">${table(lines)}</div>
      <h2>A note for the courier</h2>
      ${failedNote !== undefined && tooLong(failedNote)}
      ${noteForm(failedNote ?? session.note, failedNote !== undefined && refused(ERROR))}`,
  )
}

const EMPTY = html`<p>There is nothing in it yet. <a href="/">Have a look at our teas.</a></p>`

function table(lines: CartLine[]): Html {
  const total = lines.reduce((sum, { product, quantity }) => sum + quantity * product.price, 0)
  return html`<table>
    <thead>
      <tr>
        <th>Tea</th>
        <th class="number">Count</th>
        <th class="number">Price</th>
        <th><span class="unseen">Change</span></th>
      </tr>
    </thead>
    <tbody>
      ${lines.map(row)}
    </tbody>
    <tfoot>
      <tr>
        <th colspan="2">Total</th>
        <td class="number"><strong>${price(total)}</strong></td>
        <td></td>
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
        <button class="quiet" name="product" value="${product.id}" aria-label="One less: ${product.name}">
          One less
        </button>
      </form>
    </td>
  </tr>`
}

function noteForm(note = '', mark: Html | false): Html {
  return html`<form class="card" method="post" action="/cart/note">
    <label>
      Ring twice? Leave it with a neighbour?
      <input name="note" maxlength="${MAX_NOTE}" value="${note}" ${mark} />
    </label>
    <button>Keep the note</button>
  </form>`
}

function tooLong({ length }: string): Html {
  return errorLine(
    ERROR,
    `The note has ${length} characters. ${MAX_NOTE} fit. It was not kept yet: shorten it, and try again.`,
  )
}
