import { html, type Html } from './html'

/** Says what is wrong with a form: read aloud when it appears, and again with the field that it belongs to. */
export function errorLine(id: string, text: string): Html {
  return html`<p class="error" role="alert" id="${id}">${text}</p>`
}

/** Marks a field as refused for what the line with this id says. */
export function refused(id: string): Html {
  return html` aria-invalid="true" aria-describedby="${id}"`
}
