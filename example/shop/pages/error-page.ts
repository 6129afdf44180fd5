import { STATUS_CODES } from 'node:http'
import { html, type Html } from './html'
import { layout } from './layout'

const ADVICE: Record<number, Html> = {
  400: html`The form was not filled in as it should be. <a href="/">Back to our teas</a>`,
  401: html`This page is for visitors who have <a href="/sign-in">signed in</a>.`,
  404: html`There is nothing here. <a href="/">Back to our teas</a>`,
}

const SORRY = html`It did not work, and it is not your fault. <a href="/">Back to our teas</a>`

/** Tells no more of an error than its status. */
export function errorPage(status: number): string {
  return layout(STATUS_CODES[status] ?? 'Error', undefined, html`<p>${ADVICE[status] ?? SORRY}</p>`)
}
