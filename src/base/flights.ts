/** How a flight has ended; neither where nobody is to wait for it any longer. */
export type Landing<Result> =
  | { readonly name: 'done'; readonly result: Result }
  | { readonly name: 'failed'; readonly error: unknown }
  | { readonly name: 'left' }

/** Work that is under way. */
export interface Flight<Result> {
  readonly landing: Promise<Landing<Result>>
  /** Lets those go on who wait for it. The first landing counts; it is found for so many milliseconds more. */
  land(landing: Landing<Result>, keptFor?: number): void
}

/** Makes what answers the work that is under way for an object, such as a service's settings, for as long as that is there. */
export function flightsByOwner<Result>(): (owner: object) => Flights<Result> {
  const all = new WeakMap<object, Flights<Result>>()
  return (owner) => {
    let found = all.get(owner)
    if (!found) all.set(owner, (found = new Flights()))
    return found
  }
}

/** The work of this process that others wait for, by its name. */
export class Flights<Result> {
  readonly #flights = new Map<string, Flight<Result>>()

  of(name: string): Flight<Result> | undefined {
    return this.#flights.get(name)
  }

  begin(name: string): Flight<Result> {
    let resolve: (landing: Landing<Result>) => void
    const landing = new Promise<Landing<Result>>((settle) => (resolve = settle))
    const forget = (): void => {
      if (this.#flights.get(name) === flight) this.#flights.delete(name)
    }
    const flight: Flight<Result> = {
      landing,
      land: (how, keptFor) => {
        resolve(how)
        if (keptFor === undefined) forget()
        else setTimeout(forget, keptFor).unref()
      },
    }
    this.#flights.set(name, flight)
    return flight
  }
}
