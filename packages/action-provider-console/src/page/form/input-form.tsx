import type { ComponentType, JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { parseExactly } from '../../thread/exact-json.ts'
import { checkInput, type FieldError } from './check.ts'
import { JsonInput } from './json-input.tsx'

type SchemaForm = typeof import('./schema-form.tsx').default
let loaded: SchemaForm | undefined

/** The form is large, so it is loaded when it is first shown. */
function useSchemaForm(): ComponentType<Parameters<SchemaForm>[0]> | undefined {
  const [form, setForm] = useState(() => loaded)
  useEffect(() => {
    void import('./schema-form.tsx').then((module) => {
      loaded = module.default
      setForm(() => loaded)
    })
  }, [])
  return form
}

type InputFormProps = {
  /** JSON Schema, as text. */
  schema: string
  /** The input, as JSON text; it may be invalid while it is typed. */
  text: string
  change(text: string): void
  /** The errors of fields in the provider's answer. */
  refused: readonly FieldError[]
  /** Also show errors of fields that were not touched. */
  strict: boolean
  label: string
}

/** An input as a form or as JSON. Both edit one text, which is checked while it changes. */
export function InputForm({ schema, text, change, refused, strict, label }: InputFormProps): JSX.Element {
  const [asJson, setAsJson] = useState(() => schema === '{}' || !fitsForm(text))
  const [errors, setErrors] = useState<FieldError[]>([])
  const [touched, setTouched] = useState(false)
  const syntax = syntaxError(text)
  useEffect(() => {
    if (syntax !== undefined) return setErrors([])
    let wanted = true
    const timer = setTimeout(async () => {
      const found = await checkInput(schema, text)
      if (wanted) setErrors(found)
    }, 150)
    return () => {
      wanted = false
      clearTimeout(timer)
    }
  }, [schema, text])

  const shown = [...(strict || touched || asJson ? errors : []), ...refused]
  function changed(other: string): void {
    setTouched(true)
    change(other)
  }
  const exact = syntax !== undefined || fitsForm(text)
  return (
    <section class="input-form" aria-label={label}>
      <fieldset class="switch" aria-label="How to write the input">
        <button
          type="button"
          aria-pressed={!asJson}
          disabled={syntax !== undefined || !exact}
          onClick={() => setAsJson(false)}
        >
          Form
        </button>
        <button type="button" aria-pressed={asJson} onClick={() => setAsJson(true)}>
          JSON
        </button>
      </fieldset>
      {!exact && <p class="hint">The form cannot hold a number of this input exactly: change it as JSON.</p>}
      {asJson ? (
        <JsonInput text={text} change={changed} syntax={syntax} errors={shown} />
      ) : (
        <FormOf schema={schema} text={text} change={changed} errors={shown} />
      )}
    </section>
  )
}

function FormOf(props: Parameters<SchemaForm>[0]): JSX.Element {
  const Form = useSchemaForm()
  return Form ? <Form {...props} /> : <p class="waiting">Loading the form …</p>
}

/** The syntax error of a text; `undefined` if it is JSON. */
export function syntaxError(text: string): string | undefined {
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Whether a form can show an input without changing a number. */
function fitsForm(text: string): boolean {
  try {
    return JSON.stringify(parseExactly(text)) === JSON.stringify(JSON.parse(text))
  } catch {
    return false
  }
}
