import type { ShopSession } from '../sessions'
import { html } from './html'
import { layout } from './layout'

export function accountPage(session: ShopSession, restsIn: string): string {
  return layout(
    `Hello, ${session.user}`,
    session,
    html`<p>This is all that your session holds. It rests in: ${restsIn}.</p>
      <pre class="card">${JSON.stringify(session, null, 2)}</pre>`,
  )
}
