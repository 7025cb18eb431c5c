import { randomUUID } from 'node:crypto'
import {
  type Action,
  ActionProviderToolsError,
  type ActionRequest,
  NetworkFailure,
  type ProviderDescription,
  RequestValidationError,
} from 'action-provider-tools/client'
import { often, type Provider } from '../client/provider.ts'
import { commandError } from '../client/refusals.ts'
import { type ExitCode, unavailableError, usageError } from '../errors.ts'
import { checkBody } from '../input/check-body.ts'
import { principals, scopesOfNames } from '../input/principals.ts'
import { readBody } from '../input/read-body.ts'
import { printable } from '../output/printable.ts'
import { type CommonOptions, openSession, type Session } from '../session.ts'
import { concludeWith } from './outcome.ts'
import { watch } from './watch.ts'

export type RunOptions = CommonOptions & {
  body?: string
  requestId?: string
  label?: string
  manageBy?: string[]
  monitorBy?: string[]
  deadline?: string
  releaseAfter?: string
  watch?: boolean
}

/** `action-provider run` */
export async function run(options: RunOptions): Promise<ExitCode> {
  const session = await openSession(options)
  const { terminal } = session
  const provider = session.provider()
  if (options.body === undefined && !terminal.interactive) {
    throw usageError('Say what to run: give --body JSON, --body @FILE, or --body - for standard input')
  }
  const given = options.body === undefined ? undefined : await readBody(options.body)
  const description = await provider.describe()
  const body = given ?? (await asked(description))
  await checkBody(body, description, terminal)
  await logInOnce(session, provider, options)
  const request = await checkedRequest(session, options, body)
  terminal.say(`Request id: ${request.request_id}`)
  const action = await send(provider, request, options.watch ? 0 : ANSWER_WAIT)
  const started = action.latest ?? (await action.status())
  if (!options.watch) return concludeWith(terminal, started, provider.url)
  terminal.say(`Action: ${printable(action.id)}`)
  return concludeWith(terminal, await watch(provider, terminal, action), provider.url)
}

async function asked({ input_schema }: ProviderDescription): Promise<Record<string, unknown>> {
  const { askBody } = await import('../input/ask-body.ts')
  return askBody(input_schema)
}

/**
 * Looking up names needs other tokens than the provider's, so the user logs in once for all that are missing.
 */
async function logInOnce(
  { tokens, serviceTokens }: Session,
  provider: Provider,
  { manageBy = [], monitorBy = [] }: RunOptions,
): Promise<void> {
  const names = scopesOfNames([...manageBy, ...monitorBy])
  if (names.length === 0) return
  await serviceTokens.prepare([...(tokens === serviceTokens ? [await provider.scope()] : []), ...names])
}

async function checkedRequest(
  session: Session,
  options: RunOptions,
  body: Record<string, unknown>,
): Promise<ActionRequest> {
  const { readActionRequest } = await import('action-provider-tools/client/checks')
  const { label, manageBy, monitorBy, deadline, releaseAfter, requestId = randomUUID() } = options
  const request = {
    request_id: requestId,
    body,
    ...(label !== undefined && { label }),
    ...(manageBy && { manage_by: await principals(session, manageBy) }),
    ...(monitorBy && { monitor_by: await principals(session, monitorBy) }),
    ...(deadline !== undefined && { deadline }),
    ...(releaseAfter !== undefined && {
      release_after: /^\d+(\.\d+)?$/.test(releaseAfter) ? Number(releaseAfter) : releaseAfter,
    }),
  }
  try {
    return readActionRequest(request)
  } catch (error) {
    if (error instanceof RequestValidationError) {
      throw usageError(`The request is not valid, so it was not sent: ${printable(error.message)}`, error)
    }
    throw error
  }
}

/** How long the provider may hold its answer for a user at a terminal, in seconds. */
const ANSWER_WAIT = 1

/** Starts the action. A lost request is sent again: the provider recognizes it by its id. */
async function send(
  { calls, url }: Provider,
  { body, ...request }: ActionRequest,
  wait: number,
): Promise<Action> {
  const again = `repeat the command with --request-id ${request.request_id}: it starts nothing twice`
  try {
    return await calls.run(body, { ...request, retry: often, wait })
  } catch (error) {
    const failure = commandError(error, url)
    if (failure instanceof NetworkFailure) throw unavailableError(`${failure.message}; ${again}`, error)
    const failing = error instanceof ActionProviderToolsError && error.status >= 500
    throw failing ? unavailableError(`${(failure as Error).message}; then ${again}`, error) : failure
  }
}
