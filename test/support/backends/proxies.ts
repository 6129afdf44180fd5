import { connect } from 'node:net'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram, startServer, type ServerProcess } from './server-process'

export const hasNginx = findProgram('nginx') !== undefined
export const hasHaproxy = findProgram('haproxy') !== undefined

/** What a proxy does with a body until it is whole, and with a request whose client is gone. */
interface ProxyOptions {
  /** Whether a body is held back until it is whole. */
  holdsBodies: boolean
  /** Whether a request goes on whose client has given up. nginx alone. Default: false, as nginx does. */
  ignoresAborts?: boolean
}

/** An nginx in front of an app, which it knows as two servers: what the one does not answer, it asks of the other. */
export function startNginx(app: number, { holdsBodies, ignoresAborts = false }: ProxyOptions): Promise<ServerProcess> {
  const onOff = (isOn: boolean): string => (isOn ? 'on' : 'off')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`)
  return startProxy('nginx', ({ port, folder }) => ({
    args: ['-p', folder, '-c', 'proxy.conf', '-e', 'stderr'],
    text: `
      daemon off;
      master_process off;
      pid nginx.pid;
      events {}
      http {
        access_log off;
        ${temporary.join(' ')}
        upstream app {
          server 127.0.0.1:${app} max_fails=0;
          server 127.0.0.1:${app} max_fails=0;
          keepalive 16;
        }
        server {
          listen 127.0.0.1:${port};
          location / {
            proxy_pass http://app;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_request_buffering ${onOff(holdsBodies)};
            proxy_ignore_client_abort ${onOff(ignoresAborts)};
          }
        }
      }`,
  }))
}

/** A HAProxy in front of an app. It holds back what fits into a buffer of 16 KB. */
export function startHaproxy(app: number, { holdsBodies }: ProxyOptions): Promise<ServerProcess> {
  return startProxy('haproxy', ({ port }) => ({
    args: ['-db', '-f', 'proxy.conf'],
    text: `
defaults
  mode http
  timeout connect 60s
  timeout client 60s
  timeout server 60s
  timeout http-request 60s
frontend web
  bind 127.0.0.1:${port}
  ${holdsBodies ? 'option http-buffer-request' : ''}
  default_backend app
backend app
  server one 127.0.0.1:${app}
`,
  }))
}

function startProxy(
  program: string,
  configure: (place: { port: number; folder: string }) => { args: string[]; text: string },
): Promise<ServerProcess> {
  return startServer({
    program: String(findProgram(program)),
    args: (place) => {
      const { args, text } = configure(place)
      writeFileSync(join(place.folder, 'proxy.conf'), text)
      return args
    },
    isReady: listens,
  })
}

/** Whether somebody takes connections on a port. */
function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}
