import { STATUS_CODES } from 'node:http'
import { html, type Html } from './html'
import type { ShopSession } from '../sessions'
import { layout } from './layout'

const ADVICE: Record<number, Html> = {
  400: html`The form was not filled in as it should be. <a href="/">Back to our teas</a>`,
  403: html`The form was sent by a page of another site. Nothing was done. <a href="/">Back to our teas</a>`,
  404: html`There is nothing here. <a href="/">Back to our teas</a>`,
}

const SORRY = html`It did not work, and it is not your fault. <a href="/">Back to our teas</a>`

/** Tells no more of an error than its status. */
export function errorPage(status: number, session: ShopSession | undefined, path: string): string {
  const advice = status === 401 ? signInFirst(path) : (ADVICE[status] ?? SORRY)
  return layout(STATUS_CODES[status] ?? 'Error', session, html`<p>${advice}</p>`)
}

/** After the sign-in, the visitor lands where they wanted to go. */
function signInFirst(path: string): Html {
  return html`This page is for visitors who have <a href="/sign-in?to=${path}">signed in</a>.`
}
