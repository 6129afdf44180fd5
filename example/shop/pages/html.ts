/** Markup that is safe to send. */
export class Html {
  constructor(private readonly text: string) {}

  toString(): string {
    return this.text
  }
}

type Value = Html | string | number | false | undefined | Value[]

/** Makes markup of a template: what is put into it is text, and is escaped, unless it is markup itself. */
export function html(parts: TemplateStringsArray, ...values: Value[]): Html {
  return new Html(parts.reduce((text, part, index) => text + textOf(values[index - 1]) + part))
}

function textOf(value: Value): string {
  if (value === undefined || value === false) return ''
  if (Array.isArray(value)) return value.map(textOf).join('')
  return value instanceof Html ? value.toString() : escape(String(value))
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character])
}
