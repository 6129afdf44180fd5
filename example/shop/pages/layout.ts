import type { ShopSession } from '../sessions'
import { html, type Html } from './html'
import { STYLE } from './style'

/** A whole page: `content` below what every page begins with. */
export function layout(title: string, session: ShopSession | undefined, content: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="color-scheme" content="light dark" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · The Tea Shop</title>
        <link rel="icon" href="data:," />
        ${STYLE} ${session?.user !== undefined && LIVE}
      </head>
      <body>
        <header>
          <a class="brand" href="/">The Tea Shop</a>
          ${navigation(session ?? {})}
        </header>
        <main>
          <h1>${title}</h1>
          ${content}
        </main>
      </body>
    </html>`.toString()
}

/** A visitor who is signed in is told when that is over. */
const LIVE = html`<script src="/live.js" defer></script>`

function navigation({ user, cart = {} }: ShopSession): Html {
  const count = Object.values(cart).reduce((sum, quantity) => sum + quantity, 0)
  return html`<nav>
    <a href="/cart">Cart (${count})</a>
    ${user === undefined ? html`<a href="/sign-in">Sign in</a>` : signedIn(user)}
  </nav>`
}

function signedIn(user: string): Html {
  return html`<a href="/account">${user}</a>
    <a href="/sessions">Sessions</a>
    <form method="post" action="/sign-out"><button class="quiet">Sign out</button></form>`
}

/** Cents, as people write them. */
export function price(cents: number): string {
  return `€ ${(cents / 100).toFixed(2)}`
}
