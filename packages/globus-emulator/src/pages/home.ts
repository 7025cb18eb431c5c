import { users } from '../state/identities.ts'
import type { State } from '../state/state.ts'
import { html } from './html.ts'
import { page } from './page.ts'

/** What somebody finds who opens the emulator's address. */
export function homePage(state: State, base: string): string {
  return page(
    'Globus emulator',
    html`<p>Globus Auth and Globus Groups answer at this address. Official clients use them with</p>
<p><code>GLOBUS_SDK_SERVICE_URL_AUTH=${base}/</code><br><code>GLOBUS_SDK_SERVICE_URL_GROUPS=${base}/</code></p>
<h2>Users</h2>
<ul>${users(state).map(({ name, username, id }) => html`<li>${name} <small>${username}<br><code>urn:globus:auth:identity:${id}</code></small></li>`)}</ul>
<h2>Groups</h2>
<ul>${[...state.groups.values()].map(({ name, id }) => html`<li>${name} <small><br><code>urn:globus:groups:id:${id}</code></small></li>`)}</ul>
<p><a href="/v2/web/consents">Your consents</a></p>`,
  )
}
