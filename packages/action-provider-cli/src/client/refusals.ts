import {
  ActionProviderToolsError,
  type Answer,
  errorDocument as documentOf,
  type ErrorDocument,
  InvalidArgument,
  TooManyPages,
} from 'action-provider-tools/client'
import { type CommandError, refusedError, unavailableError, usageError } from '../errors.ts'
import { printable } from '../output/printable.ts'
import { urlOption } from './provider-url.ts'

/** The paths of operations on one action. */
const ofAction = /\/(status|log|cancel|resume|release)$/

/**
 * Turns an error of the client into a message that says what to do next. Other errors are returned unchanged.
 */
export function commandError(error: unknown, provider: URL): unknown {
  if (error instanceof InvalidArgument) return usageError(error.message, error)
  if (error instanceof TooManyPages) return unavailableError(error.message, error)
  if (!(error instanceof ActionProviderToolsError)) return error
  const { cause: answer } = error as { cause?: Answer }
  if (answer === undefined) {
    const elsewhere = error.status >= 300 && error.status < 400
    return (elsewhere ? refusedError : unavailableError)(error.message, error)
  }
  if (answer.status > 299) return refusal(answer, error.retryAfter, provider)
  return answer.json === undefined ? notAProvider(answer, provider) : unavailableError(error.message, error)
}

function refusal(answer: Answer, retryAfter: number | undefined, provider: URL): CommandError {
  const document = errorDocument(answer)
  const words = document ? `${document.code}: ${document.description}` : `it answered ${answer.status}`
  const option = urlOption(provider)
  switch (answer.status) {
    case 401:
      // Providers of the Python toolkit answer this for actions of other callers.
      if (ofAction.test(answer.url.pathname)) {
        return refusedError(
          `The provider does not accept the token for this action (${words}): the action is not yours, or there is none of this id, or the login has ended; "action-provider whoami" shows who you are, "action-provider list ${option} --status all" your actions`,
        )
      }
      return refusedError(
        `The provider does not accept the token (${words}); log in again: action-provider login ${option}`,
      )
    case 403:
      return refusedError(
        `The provider refuses (${words}); "action-provider introspect ${option}" shows who may, "action-provider whoami" who you are`,
      )
    case 404:
      if (document?.code === 'ActionNotFound' || document?.code === 'NotFound')
        return notFound(document, option)
      return notAProvider(answer, provider)
    case 409:
      return usageError(
        `The provider cannot do that now (${words}); "action-provider status" shows how an action is`,
      )
    case 400:
    case 413:
    case 422:
      return usageError(
        `The provider does not accept the request (${words}); "action-provider introspect ${option}" shows what it takes`,
      )
    case 429:
      return unavailableError(
        `The provider is asked too often (${words}): try again${whenToRetry(retryAfter)}`,
      )
    case 503:
      return unavailableError(`The provider is not available (${words}): try again${whenToRetry(retryAfter)}`)
    default:
      if (!document && answer.status < 500) return notAProvider(answer, provider)
      return unavailableError(`The provider failed (${words}): try again later, or tell its admin_contact`)
  }
}

/** Nothing at this URL speaks the Action Provider Interface. */
function notAProvider({ status, headers }: Answer, provider: URL): CommandError {
  const type = headers.get('content-type')?.replace(/;.*/s, '') ?? 'nothing'
  return unavailableError(
    `There is no action provider at ${provider.href}: it answered ${status} with ${printable(type)}; check --action-url`,
  )
}

function notFound({ code, description }: ErrorDocument, option: string): CommandError {
  if (code === 'NotFound') {
    return unavailableError(`The provider does not offer this (${code}: ${description}); check ${option}`)
  }
  return refusedError(
    `${description}: check its id, "action-provider list ${option} --status all" shows yours`,
  )
}

function whenToRetry(seconds: number | undefined): string {
  return seconds === undefined ? ' later' : ` in ${seconds} s`
}

function errorDocument({ json }: Answer): ErrorDocument | undefined {
  const document = documentOf(json)
  // The text is quoted inside sentences that have their own full stop.
  return (
    document && {
      code: shortened(document.code),
      description: shortened(document.description).replace(/[.\s]+$/, ''),
    }
  )
}

function shortened(text: string): string {
  const line = printable(text)
  return line.length > 1000 ? `${line.slice(0, 1000)}…` : line
}
