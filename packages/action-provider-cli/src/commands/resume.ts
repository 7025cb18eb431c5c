import type { ActionStatus } from 'action-provider-tools/client'
import { topScopes } from '../auth/scopes.ts'
import { logInAndKeep } from '../auth/tokens.ts'
import { actionStatus, changeAction } from '../client/action.ts'
import type { Provider } from '../client/provider.ts'
import { shellWord, urlOption } from '../client/provider-url.ts'
import { type ExitCode, refusedError } from '../errors.ts'
import { printable } from '../output/printable.ts'
import { type CommonOptions, openSession, type Session } from '../session.ts'
import { concludeWith } from './outcome.ts'
import { watch } from './watch.ts'

/** `action-provider resume`: where the action waits for consent, that is asked for first. */
export async function resume(
  actionId: string,
  options: CommonOptions & { watch?: boolean; consent?: boolean },
): Promise<ExitCode> {
  const session = await openSession(options)
  const provider = session.provider()
  if (options.consent !== false) {
    const missing = missingConsent(await actionStatus(provider, actionId))
    if (missing !== undefined) await giveConsent(session, provider, missing, actionId)
  }
  const resumed = await changeAction(provider, actionId, 'resume')
  const known = resumed.status === 'INACTIVE' ? undefined : resumed
  const last = options.watch ? await watch(provider, session.terminal, actionId, { known }) : resumed
  return concludeWith(session.terminal, last, provider.url)
}

/**
 * The scopes that an action waits for its caller's consent to (interface, "Life of an action"), all of them at once.
 * Where several are missing they stand in a list, as in Globus's own errors that ask for consent.
 */
function missingConsent({ status, details }: ActionStatus): string | undefined {
  if (status !== 'INACTIVE' || typeof details !== 'object' || details === null) return undefined
  const { code, required_scope, required_scopes, authorization_parameters } = details as Record<
    string,
    unknown
  >
  if (code !== 'ConsentRequired') return undefined
  const parameters = (authorization_parameters ?? {}) as Record<string, unknown>
  const listed = [required_scope, required_scopes, parameters.required_scopes].flat()
  const scopes = listed.filter((scope) => typeof scope === 'string' && scope !== '')
  return scopes.length === 0 ? undefined : [...new Set(scopes)].join(' ')
}

async function giveConsent(
  session: Session,
  provider: Provider,
  required: string,
  actionId: string,
): Promise<void> {
  const { terminal, tokens, serviceTokens, client, store, login } = session
  const shown = printable(required)
  if (tokens !== serviceTokens || client !== undefined) {
    terminal.warn(
      `The action needs consent to ${shown}, which only somebody who logs in can give; resuming it as it is`,
    )
    return
  }
  const own = await provider.scope()
  // Whatever else a provider asks for here would be a token of another service, in a login that looks like its own.
  if (topScopes(required).some((scope) => scope !== own)) {
    throw refusedError(
      `The action asks for consent to ${shown}, which is not the provider's own scope: if you trust it with that, run action-provider login --action-scope ${shellWord(required)}, then resume with --no-consent`,
    )
  }
  if (!terminal.interactive && login.browser) {
    throw refusedError(
      `The action needs your consent to ${shown}: on a terminal, run action-provider resume ${shellWord(actionId)} ${urlOption(provider.url)}`,
    )
  }
  terminal.say(`The action needs your consent to ${shown}`)
  await logInAndKeep(store, login, required)
}
