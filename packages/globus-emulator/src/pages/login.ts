import type { AuthorizationRequest } from '../oauth/authorization-request.ts'
import type { Identity } from '../state/state.ts'
import { html } from './html.ts'
import { page } from './page.ts'

/**
 * Lists who may log in; a click is enough.
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
  ) => html`<li><button class="row" name="identity" value="${user.id}"><strong>${user.name ?? user.username}</strong><br><small>${user.username}${user.organization && ` · ${user.organization}`}</small></button></li>
`,
)}</ul>
${users.length === 0 && html`<p>Nobody here meets what is required.</p>`}
</form>`,
  )
}
