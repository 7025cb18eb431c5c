import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { RunFields } from '../../thread/calls.ts'
import { toProblem } from '../../thread/problem.ts'
import { checkInput } from '../form/check.ts'
import { readFieldErrors } from '../form/field-errors.ts'
import { InputForm, syntaxError } from '../form/input-form.tsx'
import { announce } from '../parts/announce.tsx'
import { plain } from '../parts/plain.ts'
import { ProblemBox } from '../parts/problem.tsx'
import { useTitle } from '../parts/use-title.ts'
import { CodeLines } from '../providers/code-lines.tsx'
import { ProviderFrame } from '../providers/provider-frame.tsx'
import { Gate } from '../sign-in/gate.tsx'
import { type Description, inQuery } from '../state/providers.ts'
import { go, hrefOf, route } from '../state/route.ts'
import { ask } from '../state/thread.ts'
import { Advanced } from './advanced.tsx'
import { drafts, keepDraft, remember, requestOf } from './remembered.ts'

/** Starts an action. */
export function RunView({ provider }: { provider: string }): JSX.Element {
  return (
    <ProviderFrame provider={provider} view="run">
      {(description) => (
        <Gate provider={provider} description={description} what="run actions">
          <Run provider={provider} description={description} />
        </Gate>
      )}
    </ProviderFrame>
  )
}

/** The first content of a form: the request to run again, a draft, or nothing. */
function begin(provider: string): { input: string; fields: RunFields; again: boolean } {
  const again = route.value.query.get('again')
  const sent = again === null ? undefined : requestOf(provider, again)
  if (sent !== undefined) {
    const { request_id: _, deadline: __, ...fields } = sent.fields
    return { input: pretty(sent.input), fields, again: true }
  }
  const draft = drafts.read()[provider]
  return { input: draft?.input ?? '{}', fields: draft?.fields ?? {}, again: false }
}

function pretty(text: string): string {
  // Formatting would change numbers that a double cannot hold.
  const written = JSON.stringify(JSON.parse(text), undefined, 2)
  return written.replaceAll(/\s/g, '') === text.replaceAll(/\s/g, '') ? written : text
}

function Run({ provider, description }: { provider: string; description: Description }): JSX.Element {
  useTitle('Run', plain(description.title))
  const [first] = useState(() => begin(provider))
  const [input, setInput] = useState(first.input)
  const [fields, setFields] = useState(first.fields)
  const [strict, setStrict] = useState(false)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  useEffect(() => {
    const timer = setTimeout(() => keepDraft(provider, { input, fields }), 200)
    return () => clearTimeout(timer)
  }, [input, fields])

  const problem = error === undefined ? undefined : toProblem(error)
  const refused = problem?.code === 'RequestValidationError' ? readFieldErrors(problem.message) : undefined

  async function run(event: Event): Promise<void> {
    event.preventDefault()
    setStrict(true)
    setError(undefined)
    if (syntaxError(input) !== undefined || (await checkInput(description.schemaText, input)).length > 0) {
      return announce('The input is not valid: see its fields')
    }
    setBusy(true)
    try {
      const { id, repeated } = await ask('run', { provider, input, fields })
      remember({ id, provider, input, fields })
      keepDraft(provider, undefined)
      go(hrefOf('action', { provider: inQuery(provider), id, ...(repeated && { repeated: 'yes' }) }))
    } catch (error) {
      setError(error)
      setBusy(false)
    }
  }
  return (
    <>
      <h1>Run</h1>
      {first.again && (
        <p class="lead">This is the input of the earlier action. Change it, or run it as it is.</p>
      )}
      <div class="run-columns">
        <form class="box" onSubmit={(event) => void run(event)} noValidate>
          <InputForm
            label="Input"
            schema={description.schemaText}
            text={input}
            change={(text) => {
              setInput(text)
              setError(undefined)
            }}
            refused={refused?.errors ?? []}
            strict={strict}
          />
          <Advanced
            fields={fields}
            change={setFields}
            description={description}
            refused={refused?.errors ?? []}
          />
          {error !== undefined && (refused === undefined || refused.others.length > 0) && (
            <ProblemBox error={error} />
          )}
          {refused !== undefined && refused.errors.length > 0 && (
            <p class="wrong" role="alert">
              The provider refuses this input: see the fields.
            </p>
          )}
          <p class="buttons">
            <button type="submit" class="main" disabled={busy}>
              {busy ? 'Starting …' : 'Run'}
            </button>
          </p>
        </form>
        <CodeLines
          provider={provider}
          description={description}
          input={syntaxError(input) === undefined ? input : '{}'}
        />
      </div>
    </>
  )
}
