import type { ShopSession } from '../sessions'
import { errorLine, refused } from './form-error'
import { html, type Html } from './html'
import { layout } from './layout'

const ERROR = 'sign-in-error'

interface SignIn {
  users: { name: string; password: string }[]
  /** Where the visitor goes from here. */
  to: string
  /** The name that was typed before, where it did not go with its password. */
  failedName?: string
}

export function signInPage(session: ShopSession, { users, to, failedName }: SignIn): string {
  const hasFailed = failedName !== undefined
  const mark = hasFailed && refused(ERROR)
  return layout(
    'Sign in',
    session,
    html`${hasFailed && errorLine(ERROR, 'The name or the password is wrong.')}
      <form class="card" method="post" action="/sign-in">
        <input type="hidden" name="to" value="${to}" />
        <label>
          Name
          <input name="name" value="${failedName}" autocomplete="username" maxlength="100" required autofocus${mark} />
        </label>
        <label>
          Password
          <input name="password" type="password" autocomplete="current-password" maxlength="100" required${mark} />
        </label>
        <button>Sign in</button>
      </form>
      <h2>Who can sign in here</h2>
      <div class="card">
        <table>
          <tr>
            <th>Name</th>
            <th>Password</th>
          </tr>
          ${users.map(row)}
        </table>
      </div>`,
  )
}

function row({ name, password }: SignIn['users'][number]): Html {
  return html`<tr>
    <td>${name}</td>
    <td><code>${password}</code></td>
  </tr>`
}
