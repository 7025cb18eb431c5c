import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Shown, Wait } from '../../thread/calls.ts'
import { toProblem } from '../../thread/problem.ts'
import { checkInput } from '../form/check.ts'
import { readFieldErrors } from '../form/field-errors.ts'
import { InputForm, syntaxError } from '../form/input-form.tsx'
import { announce } from '../parts/announce.tsx'
import { plain } from '../parts/plain.ts'
import { ProblemBox } from '../parts/problem.tsx'
import { Time } from '../parts/time.tsx'
import { ask } from '../state/thread.ts'

type EventFormProps = { provider: string; id: string; wait: Wait; sent(action: Shown): void }

/** Answers the event that an action waits for. */
export function EventForm({ provider, id, wait, sent }: EventFormProps): JSX.Element {
  const { event, schema, until } = wait
  const [value, setValue] = useState('{}')
  const [strict, setStrict] = useState(false)
  const [error, setError] = useState<unknown>()
  const problem = error === undefined ? undefined : toProblem(error)
  const refused = problem?.code === 'RequestValidationError' ? readFieldErrors(problem.message) : undefined

  async function send(submit: Event): Promise<void> {
    submit.preventDefault()
    setStrict(true)
    setError(undefined)
    if (syntaxError(value) !== undefined || (await checkInput(schema, value)).length > 0) {
      return announce('The value is not valid: see its fields')
    }
    try {
      const key = `details ${provider} ${id}`
      sent(await ask('sendEvent', { provider, id, key, event, value }))
      announce('Sent')
    } catch (error) {
      setError(error)
    }
  }
  return (
    <form class="box caution" onSubmit={(submit) => void send(submit)} noValidate>
      <h2>Waiting for the event “{plain(event)}”</h2>
      {until && (
        <p class="hint">
          Until <Time at={until} />
        </p>
      )}
      <InputForm
        label="Value of the event"
        schema={schema}
        text={value}
        change={(text) => {
          setValue(text)
          setError(undefined)
        }}
        refused={refused?.errors ?? []}
        strict={strict}
      />
      {error !== undefined && (refused === undefined || refused.others.length > 0) && (
        <ProblemBox error={error} />
      )}
      <p class="buttons">
        <button type="submit" class="main">
          Send
        </button>
      </p>
    </form>
  )
}
