import { createServer } from 'node:http'

/** Listens on a free port of this machine, and returns the address. */
export async function listen(handle) {
  const server = createServer(handle)
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  server.unref()
  return { server, url: `http://127.0.0.1:${server.address().port}` }
}

/** An OAuth 2.0 provider that knows one account. */
export async function startProvider() {
  const json = (response, value) => response.setHeader('content-type', 'application/json').end(JSON.stringify(value))
  const { url } = await listen((request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://provider')
    if (pathname === '/token') return json(response, { access_token: 'token of ann', token_type: 'bearer' })
    if (pathname === '/profile') return json(response, { id: '7', name: 'Ann' })
    const back = new URL(searchParams.get('redirect_uri'))
    back.searchParams.set('code', 'code of ann')
    back.searchParams.set('state', searchParams.get('state') ?? '')
    response.writeHead(302, { location: back.href }).end()
  })
  return { oauth: 2, authorize_url: `${url}/authorize`, access_url: `${url}/token`, profile_url: `${url}/profile` }
}

/** Keeps cookies, and follows redirects as long as they lead to an address. */
export class Browser {
  cookies = new Map()

  async open(url, options = {}) {
    const cookie = Array.from(this.cookies, ([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...options.headers, ...(cookie ? { cookie } : {}) }
    const response = await fetch(url, { ...options, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) this.#accept(line)
    return { status: response.status, location: response.headers.get('location'), text: await response.text() }
  }

  /** Opens an address and goes where it sends one, until a page is shown or `end` is reached. */
  async follow(url, end) {
    for (let visits = 0; visits < 10; visits++) {
      const { status, location, text } = await this.open(url)
      if (!location) return { status, url, text }
      url = new URL(location, url).href
      if (end && new URL(url).pathname === end) return { status, url, text }
    }
    throw new Error(`too many redirects: ${url}`)
  }

  #accept(line) {
    const [pair, ...attributes] = line.split('; ')
    const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]
    const expires = attributes.find((attribute) => attribute.startsWith('expires='))
    if (expires && Date.parse(expires.slice(8)) < Date.now()) this.cookies.delete(name)
    else this.cookies.set(name, value)
  }
}

/** Tells the result, and ends: connections that are kept alive would hold the process. */
export function print(value) {
  console.log(JSON.stringify(value))
  process.exit()
}
