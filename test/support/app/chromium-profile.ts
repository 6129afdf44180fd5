import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type BrowserContext } from 'playwright-core'
import { CHROMIUM, QUIET } from './chromium'

/** For machines that have other things to do. */
const PATIENCE_MS = 60_000
/** What a profile on the disk has to itself while it runs. */
const LOCKS = /\/Singleton\w+$/

/** A Chromium whose profile is on the disk, as everybody has one: it can be killed, started again, and copied. */
export class ChromiumProfile {
  readonly folder: string
  #process: ChildProcess | undefined
  #browser: Browser | undefined
  readonly #onExit = (): void => this.#signal()

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'profile-'))
    process.once('exit', this.#onExit)
  }

  /** Starts the browser; what it holds is what is on the disk. */
  async start(): Promise<BrowserContext> {
    const args = ['--headless', '--remote-debugging-port=0', `--user-data-dir=${this.folder}`, '--password-store=basic']
    // A group of its own, so that all of its processes can be killed at once.
    const child = spawn(String(CHROMIUM), [...QUIET, ...args, 'about:blank'], { detached: true, stdio: 'pipe' })
    this.#process = child
    this.#browser = await chromium.connectOverCDP(await addressOf(child))
    const [context] = this.#browser.contexts()
    context.setDefaultTimeout(PATIENCE_MS)
    return context
  }

  /** Quits it as a person does: what it holds is written to the disk. */
  async quit(): Promise<void> {
    const ended = this.#ended()
    const session = await this.#browser?.newBrowserCDPSession()
    // The connection may be gone before the answer.
    await session?.send('Browser.close').catch(() => undefined)
    await ended
    await this.#browser?.close()
  }

  /** Ends all of its processes without warning, as a machine that loses its power does; or the first alone, as one that crashes. */
  async kill({ isWhole = true }: { isWhole?: boolean } = {}): Promise<void> {
    const ended = this.#ended()
    if (isWhole) this.#signal()
    else this.#process?.kill('SIGKILL')
    await ended
    await this.#browser?.close()
  }

  /** A copy of what is on the disk. The browser must not run. */
  copy(): ChromiumProfile {
    const copy = new ChromiumProfile()
    cpSync(this.folder, copy.folder, { recursive: true, filter: (path) => !LOCKS.test(path) })
    return copy
  }

  async remove(): Promise<void> {
    if (this.#isRunning) await this.kill()
    process.off('exit', this.#onExit)
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }

  get #isRunning(): boolean {
    return this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null
  }

  async #ended(): Promise<void> {
    if (this.#process && this.#isRunning) await once(this.#process, 'exit')
  }

  #signal(): void {
    const pid = this.#process?.pid
    if (pid === undefined || !this.#isRunning) return
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // It has ended meanwhile.
    }
  }
}

/** Where a browser that was started listens to those who drive it. */
function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const timer = setTimeout(() => reject(new Error(`Chromium did not start: ${said}`)), PATIENCE_MS)
    child.once('exit', () => reject(new Error(`Chromium ended: ${said}`)))
    child.once('error', reject)
    child.stdout?.resume()
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4000)
      const [, address] = /DevTools listening on (ws:\S+)/.exec(said) ?? []
      if (!address) return
      clearTimeout(timer)
      resolve(address)
    })
  })
}
