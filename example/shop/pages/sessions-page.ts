import type { SignedInSession } from 'koa-session-service'
import type { Happening } from '../happenings'
import type { ShopSession } from '../sessions'
import { html, type Html } from './html'
import { layout } from './layout'

interface Shown {
  /** Undefined where nobody can know them. */
  sessions: SignedInSession[] | undefined
  happened: Happening[]
}

export function sessionsPage(session: ShopSession, { sessions, happened }: Shown): string {
  return layout(
    'Your sessions',
    session,
    html`${sessions ? table(sessions) : html`<p>They rest in their cookies: only the browsers know of them.</p>`}
      <h2>What just happened</h2>
      <ul class="card">
        ${happened.length > 0 ? happened.map(line) : html`<li>Nothing to tell of. Try two clicks at once, in two tabs.</li>`}
      </ul>`,
  )
}

function table(sessions: SignedInSession[]): Html {
  return html`<p>Everywhere you are signed in. A page that is open there is told at once.</p>
    <div class="card">
      <table class="devices">
        <thead>
          <tr>
            <th>Device</th>
            <th>Last visit</th>
            <th><span class="unseen">Sign out</span></th>
          </tr>
        </thead>
        <tbody>
          ${sessions.map(row)}
        </tbody>
      </table>
    </div>
    <form class="below" method="post" action="/sessions/revoke-others">
      <button>Sign out everywhere else</button>
    </form>`
}

function row({ handle, current, device, lastSeenAt, createdAt }: SignedInSession): Html {
  const [name, lastVisit] = [nameOf(device), timeOf(lastSeenAt ?? createdAt)]
  const spoken = current ? `Sign out: ${name} (this one)` : `Sign out: ${name}, last visit ${lastVisit}`
  return html`<tr>
    <td>${name}${current && html` <strong>(this one)</strong>`}</td>
    <td>${lastVisit}</td>
    <td class="number">
      <form method="post" action="/sessions/revoke">
        <button class="quiet" name="handle" value="${handle}" aria-label="${spoken}">Sign out</button>
      </form>
    </td>
  </tr>`
}

function line({ at, text }: Happening): Html {
  return html`<li>${timeOf(at)}: ${text}</li>`
}

function nameOf(device: SignedInSession['device']): string {
  const { ip = 'somewhere', userAgent = '' } = (device ?? {}) as { ip?: string; userAgent?: string }
  return userAgent === '' ? ip : `${userAgent}, ${ip}`
}

function timeOf(at: number | undefined): string {
  return at === undefined ? '' : `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}
