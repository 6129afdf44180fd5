/** A client of Redis, as far as it is used here. */
interface Caller {
  call(command: string, ...args: string[]): Promise<unknown>
}

interface Waiting {
  args: [string, ...string[]]
  resolve: (answer: unknown) => void
  reject: (error: unknown) => void
}

/**
 * The same client, with its commands in rounds: all that are asked for before anything is answered are sent together, and
 * answered together. How many rounds there are is how often one has to wait for the server.
 */
export class RoundTrips implements Caller {
  readonly #client: Caller
  #waiting: Waiting[] = []
  /** How often the server was waited for. */
  count = 0

  constructor(client: Caller) {
    this.#client = client
  }

  call(...args: [string, ...string[]]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ args, resolve, reject })
      if (this.#waiting.length === 1) void this.#send()
    })
  }

  async #send(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
    const batch = this.#waiting.splice(0)
    this.count++
    const answers = await Promise.allSettled(batch.map(({ args }) => this.#client.call(...args)))
    for (const [index, answer] of answers.entries()) {
      if (answer.status === 'fulfilled') batch[index].resolve(answer.value)
      else batch[index].reject(answer.reason)
    }
  }
}
