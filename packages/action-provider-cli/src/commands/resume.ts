import {
  type Action,
  ActionProviderToolsError,
  type ActionStatus,
  topScopes,
} from 'action-provider-tools/client'
import { logInAndKeep } from '../auth/tokens.ts'
import type { Provider } from '../client/provider.ts'
import { shellWord, urlOption } from '../client/provider-url.ts'
import { type ExitCode, refusedError, usageError } from '../errors.ts'
import { printable } from '../output/printable.ts'
import { type CommonOptions, openSession, type Session } from '../session.ts'
import { concludeWith } from './outcome.ts'
import { watch } from './watch.ts'

/** `action-provider resume`: if the action waits for consent, the user is asked for it first. */
export async function resume(
  actionId: string,
  options: CommonOptions & { watch?: boolean; consent?: boolean },
): Promise<ExitCode> {
  const session = await openSession(options)
  const provider = session.provider()
  const action = await provider.told(async (calls) => calls.action(actionId))
  if (options.consent !== false) {
    const missing = missingConsent(await provider.told(() => action.status()))
    if (missing !== undefined) await giveConsent(session, provider, missing, actionId)
  }
  const resumed = await provider.told(() => resumeIn(provider, action))
  // Some providers answer with the status before the resume: do not stop at it.
  if (options.watch && resumed.status === 'INACTIVE') await provider.told(() => action.status())
  const last = options.watch ? await watch(provider, session.terminal, action) : resumed
  return concludeWith(session.terminal, last, provider.url)
}

async function resumeIn(provider: Provider, action: Action): Promise<ActionStatus> {
  try {
    return await action.resume()
  } catch (error) {
    if (!isNotOffered(error)) throw error
    // If there is no provider at all, that error comes first.
    await provider.describe()
    throw usageError(
      `${provider.url.href} cannot resume actions: "action-provider cancel" ends one that waits, if need be`,
    )
  }
}

/** Whether a provider has no such operation. Those of the Python toolkit answer that with a web page. */
function isNotOffered(error: unknown): boolean {
  return (
    error instanceof ActionProviderToolsError &&
    [404, 405, 501].includes(error.status) &&
    error.code !== 'ActionNotFound'
  )
}

/**
 * The scopes to which an action needs consent (interface, "Life of an action"), all at once. Several missing
 * scopes are in a list, as in Globus's own errors that ask for consent.
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
      `The action needs consent to ${shown}, which needs a login; the action is resumed without it`,
    )
    return
  }
  const own = await provider.scope()
  // Any other scope would give the provider a token of another service, through a login that looks like its
  // own.
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
