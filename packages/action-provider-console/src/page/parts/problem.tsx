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
  RequestValidationError: 'The provider refuses this input',
  TooManyRequests: 'Too many requests',
  ServiceUnavailable: 'The provider is not available now',
  NetworkFailure: 'The provider cannot be reached',
  ActionProviderError: 'The provider failed',
  MethodNotAllowed: 'The provider does not offer this',
  InvalidArgument: 'This value is not valid',
  UnexpectedAnswer: 'This is not the answer of an action provider',
}

const STEPS: Readonly<Record<string, string>> = {
  ActionNotFound:
    'It may have been released, or belong to somebody else. Ask its creator to add you to monitor_by.',
  ForbiddenRequest: 'Ask the contact of the provider for access.',
  ServiceUnavailable: 'Try again in a while.',
  NetworkFailure: 'Check your network and the address, then try again.',
  ActionProviderError: 'Try again. If it fails again, tell the contact of the provider.',
  TooManyRequests: 'Wait a while, then try again.',
}

/** An error, with what to do next. */
export function ProblemBox(props: {
  error: unknown
  again?: (() => void) | undefined
  /** Whether the view shows nothing else, so that this is its heading. */
  alone?: boolean
  children?: ComponentChildren
}): JSX.Element {
  const { code, message }: Problem = toProblem(props.error)
  const step = STEPS[code]
  const Heading = props.alone ? 'h1' : 'h2'
  return (
    <div class="box problem" role="alert">
      <Heading>{TITLES[code] ?? 'Something went wrong'}</Heading>
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
