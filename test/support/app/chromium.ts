import { execFileSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type Koa from 'koa'
import { chromium, type Browser } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']

/** Where the browser is installed; undefined where it is not. */
export const CHROMIUM = find(NAMES)
/** Whether a certificate can be made. */
export const hasOpenssl = find(['openssl']) !== undefined

function find(names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** An app over HTTPS, under a certificate that nobody has signed. */
export interface SecureSite {
  /** The same server under one host name or another. */
  url: (path: string, host?: string) => string
  /** The hash of the certificate's public key, which a browser can be told to trust. */
  pin: string
  close: () => Promise<void>
}

/** Host names of two sites; browsers find both on this machine. */
export const HOME = 'localhost'
export const ELSEWHERE = 'elsewhere.localhost.example'

/** Serves an app on a free port of this machine. */
export async function serveSecurely(app: Koa): Promise<SecureSite> {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'))
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const names = `subjectAltName=DNS:${HOME},DNS:${ELSEWHERE}`
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  execFileSync('openssl', [...request, '-subj', '/CN=test', '-addext', names, '-keyout', keyFile, '-out', certFile], {
    stdio: 'ignore',
  })
  const [key, cert] = [readFileSync(keyFile), readFileSync(certFile)]
  rmSync(folder, { recursive: true })
  const server = createServer({ key, cert }, app.callback() as never)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const spki = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' })
  return {
    url: (path, host = HOME) => `https://${host}:${port}${path}`,
    pin: createHash('sha256').update(spki).digest('base64'),
    close: () => closeServer(server),
  }
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}

/** Without what a browser does on its own, and what a test machine cannot give it. */
export const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A browser for the tests of a `describe`; `take` gets it before them. */
export function useChromium(take: (browser: Browser) => void): void {
  let browser: Browser | undefined

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET })
    take(browser)
  })
  afterAll(() => browser?.close())
}

/**
 * Starts a browser that trusts the site.
 *
 * @param binds whether it can bind sessions to the device: with keys in software, as a test machine has no other
 */
export function launch(site: SecureSite, { binds }: { binds: boolean }): Promise<Browser> {
  const features = 'DeviceBoundSessions,EnableBoundSessionCredentialsSoftwareKeysForManualTesting'
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      ...QUIET,
      `--ignore-certificate-errors-spki-list=${site.pin}`,
      `--host-resolver-rules=MAP ${ELSEWHERE} 127.0.0.1`,
      ...(binds
        ? [`--enable-features=${features}`, '--disable-features=DeviceBoundSessionsRefreshQuota']
        : [`--disable-features=${features}`]),
    ],
  })
}
