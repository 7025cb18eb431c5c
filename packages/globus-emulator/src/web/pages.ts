import type { AuthorizationRequest } from '../oauth/authorization.ts'
import { consentsBelow, consentsOf } from '../state/consents.ts'
import { users } from '../state/identities.ts'
import type { RequestedScope } from '../state/scopes.ts'
import type { Consent, Identity, State } from '../state/state.ts'
import { type Html, html, page } from './page.ts'

/** The page at the address of the emulator: how to use it, and its users and groups. */
export function homePage(state: State, base: string): string {
  return page(
    'Globus emulator',
    html`<p>Globus Auth and Globus Groups answer at this address. Programs use them with these settings:</p>
<p><code>GLOBUS_SDK_SERVICE_URL_AUTH=${base}/</code><br><code>GLOBUS_SDK_SERVICE_URL_GROUPS=${base}/</code></p>
<h2>Users</h2>
<ul>${users(state).map(({ name, username, id }) => html`<li>${name} (${username})<small><code>urn:globus:auth:identity:${id}</code></small></li>`)}</ul>
<h2>Groups</h2>
<ul>${[...state.groups.values()].map(({ name, id }) => html`<li>${name}<small><code>urn:globus:groups:id:${id}</code></small></li>`)}</ul>
<p><a href="/v2/web/consents">Your consents</a></p>`,
  )
}

/**
 * Lists who may log in. Choosing one logs in.
 *
 * @param destination where to go afterwards, a path of the emulator
 */
export function loginPage(
  users: readonly Identity[],
  destination: string,
  request?: Pick<AuthorizationRequest, 'client' | 'session'>,
): string {
  const purpose = request
    ? html`<p>to continue to <strong>${request.client.name}</strong></p>`
    : html`<p>to see what you have allowed</p>`
  return page(
    'Log in',
    html`${purpose}
${request?.session.message && html`<p>${request.session.message}</p>`}
<form method="post" action="/v2/web/login">
<input type="hidden" name="destination" value="${destination}">
<ul class="plain" aria-label="Users">
${users.map(
  (
    user,
  ) => html`<li><button class="row" name="identity" value="${user.id}"><strong>${user.name ?? user.username}</strong><small>${user.username}${user.organization && ` · ${user.organization}`}</small></button></li>
`,
)}</ul>
${users.length === 0 && html`<p>No user here is allowed to log in to this application.</p>`}
</form>`,
  )
}

/**
 * Asks for consent to these scopes, each named with its dependents.
 *
 * @param query the authorization request as it came, which is checked again with the decision
 */
export function consentPage(
  { client, offline, label }: AuthorizationRequest,
  scopes: readonly RequestedScope[],
  user: Identity,
  query: string,
): string {
  return page(
    `${client.name} would like to`,
    html`${scopeList(scopes)}
${offline && html`<p>It asks to do this while you are away, too.</p>`}
<form method="post" action="/v2/web/consent">
<input type="hidden" name="request" value="${query}">
<input type="hidden" name="identity" value="${user.id}">
${
  client.prompt_for_named_grant &&
  html`<label for="label">A name for this consent, which the list of your consents will show</label>
<input id="label" name="label" value="${label}" maxlength="128" autocomplete="off">`
}
<p class="soft">You are ${user.name ?? user.username} (${user.username}).
<a href="/v2/oauth2/authorize?${withLoginPrompt(query)}">Log in as somebody else</a></p>
<div class="choice"><button class="first" name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button></div>
</form>`,
  )
}

function withLoginPrompt(query: string): string {
  const parameters = new URLSearchParams(query)
  parameters.set('prompt', 'login')
  return parameters.toString()
}

function scopeList(scopes: readonly RequestedScope[]): Html {
  return html`<ul>
${scopes.map(
  ({
    scope,
    optional,
    dependents,
  }) => html`<li><strong>${scope.name}</strong>${optional && ' (you can rescind this alone)'}
${scope.description !== scope.name && html`<br>${scope.description}`}<small><code>${scope.scope_string}</code></small>
${dependents.length > 0 && html`For this, it will on your behalf:${scopeList(dependents)}`}</li>
`,
)}</ul>`
}

/** Lists what a user has allowed, with buttons to rescind it. */
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
  return html`<li><strong>${scope?.name}</strong>${root && consent.label && ` – ${consent.label}`}
<small><code>${scope?.scope_string}</code></small><small>allowed on ${consent.created.slice(0, 10)}</small>
${
  (root || consent.atomically_revocable) &&
  html`<form method="post" action="/v2/web/consents/rescind"><button class="small" name="consent" value="${consent.id}" aria-label="Rescind ${scope?.name ?? 'consent'}">Rescind</button></form>`
}
${below.length > 0 && html`<ul>${below.map((consent) => item(state, consent))}</ul>`}</li>`
}

/** Shows the code of a native application, to be copied into it. */
export function codePage(code: string): string {
  return page(
    'Authorization code',
    html`<p>Copy this code into the application that sent you here. It can be used once, within ten minutes.</p>
<output id="auth-code" aria-label="Authorization code">${code}</output>
<p class="soft">Then you can close this page.</p>`,
  )
}

/** A page with a message, and a link if an address is given. */
export function messagePage(title: string, text: string, onward?: { address: string; name: string }): string {
  return page(
    title,
    html`<p>${text}</p>
${onward && html`<p><a href="${onward.address}">Continue to ${onward.name}</a></p>`}`,
  )
}
