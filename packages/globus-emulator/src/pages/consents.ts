import { consentsBelow, consentsOf } from '../state/consents.ts'
import type { Consent, Identity, State } from '../state/state.ts'
import { type Html, html } from './html.ts'
import { page } from './page.ts'

/** Lists what a user has allowed, with a button to take each back. */
export function consentsPage(state: State, user: Identity): string {
  const roots = consentsOf(state, user).filter(({ path }) => path.length === 1)
  const byClient = Map.groupBy(roots, ({ client }) => client)
  return page(
    'Your consents',
    html`<p class="soft">You are ${user.name ?? user.username} (${user.username}).</p>
${byClient.size === 0 && html`<p>You have allowed nothing.</p>`}
${[...byClient].map(
  ([client, consents]) => html`<section><h2>${state.clients.get(client)?.name ?? client}</h2>
<ul>${consents.map((consent) => item(state, consent))}</ul></section>
`,
)}
<form method="post" action="/v2/web/logout" class="choice"><button>Log out</button></form>`,
  )
}

function item(state: State, consent: Consent): Html {
  const scope = state.scopes.get(consent.scope)
  const root = consent.path.length === 1
  const below = consentsBelow(state, consent)
  return html`<li><strong>${scope?.name}</strong>${root && consent.label && ` – ${consent.label}`}<br>
<small><code>${scope?.scope_string}</code>, allowed ${consent.created.slice(0, 10)}</small>
${
  (root || consent.atomically_revocable) &&
  html`<form method="post" action="/v2/web/consents/rescind"><button class="small" name="consent" value="${consent.id}" aria-label="Rescind ${scope?.name ?? 'consent'}">Rescind</button></form>`
}
${below.length > 0 && html`<ul>${below.map((consent) => item(state, consent))}</ul>`}</li>`
}
