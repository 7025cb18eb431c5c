import Form from '@rjsf/core/lib/components/Form.js'
import type { ErrorSchema, RJSFSchema } from '@rjsf/utils'
import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { plain } from '../parts/plain.ts'
import type { FieldError } from './check.ts'
import { templates } from './templates.tsx'
import { branchValidator } from './validator.ts'

type SchemaFormProps = {
  schema: string
  text: string
  change(text: string): void
  errors: readonly FieldError[]
}

/** A form from a JSON Schema. It gets its errors from outside, because its own check would block the page. */
export default function SchemaForm({
  schema: schemaText,
  text,
  change,
  errors,
}: SchemaFormProps): JSX.Element {
  const schema = useMemo(() => plainSchema(JSON.parse(schemaText)) as RJSFSchema, [schemaText])
  return (
    <Form
      tagName="div"
      className="schema-form"
      idPrefix="input"
      schema={schema}
      validator={branchValidator}
      templates={templates}
      formData={JSON.parse(text)}
      extraErrors={errorTree(errors)}
      showErrorList={false}
      noHtml5Validate
      uiSchema={{ 'ui:submitButtonOptions': { norender: true } }}
      experimental_defaultFormStateBehavior={{ emptyObjectFields: 'skipEmptyDefaults' }}
      onChange={({ formData }: { formData?: unknown }) => {
        const other = JSON.stringify(formData ?? {}, undefined, 2)
        if (JSON.stringify(JSON.parse(text), undefined, 2) !== other) change(other)
      }}
    >
      {/* Replaces the form's own button. */}
      <span />
    </Form>
  )
}

/** The same schema, without invisible characters in its texts. */
function plainSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(plainSchema)
  if (typeof schema !== 'object' || schema === null) return schema
  return Object.fromEntries(
    Object.entries(schema).map(([name, value]) => {
      const isWords = (name === 'title' || name === 'description') && typeof value === 'string'
      return [name, isWords ? plain(value) : plainSchema(value)]
    }),
  )
}

function errorTree(errors: readonly FieldError[]): ErrorSchema {
  const root: ErrorSchema = {}
  for (const { path, message } of errors) {
    let place = root as Record<string, ErrorSchema> & ErrorSchema
    for (const step of path) {
      if (!Object.hasOwn(place, step)) Object.defineProperty(place, step, { value: {}, enumerable: true })
      place = place[step] as typeof place
    }
    place.__errors = [...(place.__errors ?? []), plain(message)]
  }
  return root
}
