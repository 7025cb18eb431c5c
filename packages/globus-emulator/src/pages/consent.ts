import type { AuthorizationRequest } from '../oauth/authorization-request.ts'
import type { RequestedScope } from '../state/scopes.ts'
import type { Identity } from '../state/state.ts'
import { type Html, html } from './html.ts'
import { page } from './page.ts'

/**
 * Asks for consent to these scopes, each named with what it depends on.
 *
 * @param query the authorization request as it came, to be checked again with the answer
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
${offline && html`<p>It would like to do so also while you are away.</p>`}
<form method="post" action="/v2/web/consent">
<input type="hidden" name="request" value="${query}">
<input type="hidden" name="identity" value="${user.id}">
${
  client.prompt_for_named_grant &&
  html`<label for="label">A name for this consent, to know it by later</label>
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
  }) => html`<li><strong>${scope.name}</strong>${optional && ' (can be taken back by itself)'}<br>
${scope.description !== scope.name && html`${scope.description}<br>`}<small><code>${scope.scope_string}</code></small>
${dependents.length > 0 && html`<br>for which it will, on your behalf:${scopeList(dependents)}`}</li>
`,
)}</ul>`
}
