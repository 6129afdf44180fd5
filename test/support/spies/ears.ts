import { inspect } from 'node:util'
import { SESSION_EVENTS, SessionError, type SessionEvents } from 'koa-session-service'
import type { SessionApp } from '../app/session-app'

/** Hears what comes out of an app: what is logged, warned of, emitted and thrown. `jest.restoreAllMocks()` ends it. */
export class Ears {
  readonly events = new Set<string>()
  readonly #heard: string[] = []

  constructor({ app, sessions }: SessionApp) {
    for (const name of SESSION_EVENTS) {
      const note = ({ ctx: _ctx, ...detail }: SessionEvents[typeof name]) => {
        this.events.add(name)
        this.note(detail)
      }
      app.on(`session:${name}`, note)
      sessions.on(name, note)
    }
    app.on('error', (error) => this.note(error))
    for (const method of ['log', 'info', 'warn', 'error', 'debug']) this.#spyOn(console, method)
    for (const stream of [process.stdout, process.stderr]) this.#spyOn(stream, 'write')
    this.#spyOn(process, 'emitWarning')
  }

  /** Notes a value in every form in which somebody may print it. */
  note(value: unknown): void {
    this.#heard.push(inspect(value, { depth: 8, showHidden: true }), String(value), JSON.stringify(value) ?? '')
    if (value instanceof Error) this.#heard.push(String(value.stack), inspect({ ...value }))
    if (value instanceof SessionError) this.#heard.push(JSON.stringify(value.toJSON()))
  }

  /** What was heard with this text in it, cut short. */
  heardOf(text: string): string[] {
    return this.#heard.filter((heard) => heard.includes(text)).map((heard) => heard.slice(0, 300))
  }

  #spyOn(target: object, method: string): void {
    const listen = (...args: unknown[]) => {
      args.forEach((arg) => this.note(arg))
      return true
    }
    jest.spyOn(target as Record<string, () => unknown>, method).mockImplementation(listen)
  }
}
