import type { ComponentChildren, JSX } from 'preact'
import { type Problem, toProblem } from '../../thread/problem.ts'
import { plain } from './plain.ts'

const TITLES: Readonly<Record<string, string>> = {
  ActionNotFound: 'There is no such action',
  NotFound: 'There is nothing at this address',
  UnauthorizedRequest: 'You are not signed in for this provider',
  ForbiddenRequest: 'You may not do this',
  ConsentRequired: 'Your consent is needed',
  ActionConflict: 'This cannot be done now',
  RequestValidationError: 'The provider does not take this input',
  TooManyRequests: 'Too many requests',
  ServiceUnavailable: 'The provider is not available now',
  NetworkFailure: 'The provider cannot be reached',
  ActionProviderError: 'The provider failed',
  MethodNotAllowed: 'The provider does not offer this',
  InvalidArgument: 'This cannot be used',
  UnexpectedAnswer: 'This is no answer of an action provider',
}

const STEPS: Readonly<Record<string, string>> = {
  ActionNotFound:
    'It may have been released, or belong to somebody else. Ask its creator to add you to monitor_by.',
  ForbiddenRequest: 'Ask the provider’s contact to let you in.',
  ServiceUnavailable: 'Try again in a while.',
  NetworkFailure: 'Check your network and the address, then try again.',
  ActionProviderError: 'Try again; if it stays so, tell the provider’s contact.',
  TooManyRequests: 'Wait a while, then try again.',
}

/** What went wrong, in words, and what to do next. */
export function ProblemBox(props: {
  error: unknown
  again?: (() => void) | undefined
  children?: ComponentChildren
}): JSX.Element {
  const { code, message }: Problem = toProblem(props.error)
  const step = STEPS[code]
  return (
    <div class="box problem" role="alert">
      <h2>{TITLES[code] ?? 'Something went wrong'}</h2>
      <p class="words">{plain(message)}</p>
      {step && <p>{step}</p>}
      {(props.again || props.children) && (
        <p class="buttons">
          {props.again && (
            <button type="button" onClick={props.again}>
              Try again
            </button>
          )}
          {props.children}
        </p>
      )}
    </div>
  )
}
