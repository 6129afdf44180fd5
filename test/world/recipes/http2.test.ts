import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, type ClientHttp2Session, type IncomingHttpHeaders, type Http2SecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { createServer } from '../../../example/recipes/http2'
import { CookieJar } from '../../support/app/app'
import { deferred } from '../../support/races/interleave'
import { describeWith } from '../../support/backends/require-server'
import { findProgram } from '../../support/backends/server-process'
import { spyOnMemory } from '../../support/spies/spy-on'

const OPENSSL = findProgram('openssl')

/** A certificate of this test alone. */
function makeCertificate(): { key: Buffer; cert: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'koa-session-service-tls-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const files = ['-nodes', '-keyout', key, '-out', cert]
  const type = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
  execFileSync(OPENSSL as string, ['req', '-x509', ...type, ...files, '-days', '2', '-subj', '/CN=localhost'], {
    stdio: 'ignore',
  })
  try {
    return { key: readFileSync(key), cert: readFileSync(cert) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describeWith('openssl', OPENSSL !== undefined)('example/recipes/http2', () => {
  const { store, before } = spyOnMemory()
  let server: Http2SecureServer
  let client: ClientHttp2Session

  beforeAll(async () => {
    const tls = makeCertificate()
    server = createServer(tls, store)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    client = connect(`https://localhost:${port}`, {
      ca: tls.cert,
      lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }] as never, 4),
    })
  })
  afterAll(async () => {
    await new Promise<void>((resolve) => client.close(resolve))
    await new Promise((resolve) => server.close(resolve))
  })

  async function get(path: string, jar: CookieJar): Promise<unknown> {
    const cookie = jar.header
    const stream = client.request({ ':path': path, ...(cookie ? { cookie } : {}) })
    const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders]
    expect(headers[':status' as never]).toBe(200)
    jar.accept(headers['set-cookie'] ?? [])
    return json(stream)
  }

  test('R9: every request of an HTTP/2 connection has the session, and parallel changes are kept', async () => {
    const [ada, grace] = [new CookieJar(), new CookieJar()]
    expect(await get('/', ada)).toEqual({ '/': 1 })
    expect([...ada.values.keys()]).toEqual(['__Host-Http-session', '__Host-Http-session.sig'])
    const paths = ['/a', '/b', '/a', '/c']
    // All of them have read the session before one of them writes it.
    const everyRead = deferred()
    let reads = 0
    before(({ method }) => {
      if (method === 'read' && ++reads >= paths.length) everyRead.resolve()
      return everyRead.promise
    })
    await Promise.all(paths.map((path) => get(path, ada)))
    before(() => undefined)
    expect(await get('/', ada)).toEqual({ '/': 2, '/a': 2, '/b': 1, '/c': 1 })
    expect(await get('/', grace)).toEqual({ '/': 1 })
  })
})
