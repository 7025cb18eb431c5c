import type { JSX } from 'preact'
import type { RunFields } from '../../thread/calls.ts'
import type { FieldError } from '../form/check.ts'
import { plain } from '../parts/plain.ts'
import { durationOf, durationText } from '../parts/time.tsx'
import type { Description } from '../state/providers.ts'

type AdvancedProps = {
  fields: RunFields
  change(fields: RunFields): void
  description: Description
  refused: readonly FieldError[]
}

/** The fields of a request beside its input (interface, "ActionRequest"). */
export function Advanced({ fields, change, description, refused }: AdvancedProps): JSX.Element {
  const set = (name: keyof RunFields, value: string | string[] | undefined): void => {
    const { [name]: _, ...others } = fields
    change(value === undefined || value.length === 0 ? others : { ...others, [name]: value })
  }
  const most = durationOf(description.maximum_deadline)
  const wrong = (name: string): string | undefined => refused.find(({ path }) => path[0] === name)?.message
  const isUsed = Object.keys(fields).some((name) => name !== 'label')
  return (
    <>
      <Field
        name="label"
        title="Label"
        hint="Up to 64 characters, to find the action again"
        wrong={wrong('label')}
      >
        <input
          id="field-label"
          type="text"
          maxLength={64}
          value={fields.label ?? ''}
          aria-describedby="field-label-hint"
          onInput={({ currentTarget }) => set('label', currentTarget.value)}
        />
      </Field>
      <details class="advanced" open={isUsed}>
        <summary>Who may see it, deadline and more</summary>
        <Principals
          name="monitor_by"
          title="Who else may see it"
          fields={fields}
          set={set}
          wrong={wrong('monitor_by')}
        />
        <Principals
          name="manage_by"
          title="Who else may manage it"
          fields={fields}
          set={set}
          wrong={wrong('manage_by')}
        />
        <Field
          name="deadline"
          title="Deadline"
          hint={`When the action must have ended${most === undefined ? '' : `; at most ${durationText(most)} from now`}`}
          wrong={wrong('deadline')}
        >
          <input
            id="field-deadline"
            type="datetime-local"
            value={localTime(fields.deadline)}
            aria-describedby="field-deadline-hint"
            onInput={({ currentTarget }) => {
              const time = new Date(currentTarget.value)
              set('deadline', Number.isNaN(time.getTime()) ? undefined : time.toISOString())
            }}
          />
        </Field>
        <Field
          name="release_after"
          title="Release after"
          hint="How long the provider keeps the complete action, such as P30D or PT1H"
          wrong={wrong('release_after')}
        >
          <input
            id="field-release_after"
            type="text"
            placeholder="P30D"
            value={fields.release_after ?? ''}
            aria-describedby="field-release_after-hint"
            onInput={({ currentTarget }) => set('release_after', currentTarget.value)}
          />
        </Field>
        <Field
          name="request_id"
          title="Request id"
          hint="Made for you if empty. The same id with the same content starts no second action"
          wrong={wrong('request_id')}
        >
          <input
            id="field-request_id"
            type="text"
            value={fields.request_id ?? ''}
            aria-describedby="field-request_id-hint"
            onInput={({ currentTarget }) => set('request_id', currentTarget.value)}
          />
        </Field>
      </details>
    </>
  )
}

type FieldProps = {
  name: string
  title: string
  hint: string
  wrong: string | undefined
  children: JSX.Element
}

function Field({ name, title, hint, wrong, children }: FieldProps): JSX.Element {
  return (
    <div class="field">
      <label for={`field-${name}`}>{title}</label>
      {children}
      <p id={`field-${name}-hint`} class={wrong ? 'wrong' : 'hint'}>
        {wrong ? plain(wrong) : hint}
      </p>
    </div>
  )
}

type PrincipalsProps = {
  name: 'monitor_by' | 'manage_by'
  title: string
  fields: RunFields
  set(name: 'monitor_by' | 'manage_by', value: string[]): void
  wrong: string | undefined
}

function Principals({ name, title, fields, set, wrong }: PrincipalsProps): JSX.Element {
  return (
    <Field
      name={name}
      title={title}
      hint="Ids of identities or URNs of principals, one per line"
      wrong={wrong}
    >
      <textarea
        id={`field-${name}`}
        rows={2}
        class="code"
        spellcheck={false}
        defaultValue={fields[name]?.join('\n') ?? ''}
        aria-describedby={`field-${name}-hint`}
        onInput={({ currentTarget }) => set(name, principalsOf(currentTarget.value))}
      />
    </Field>
  )
}

/**
 * @example principalsOf('a11ce000-0000-4000-8000-000000000001') // ['urn:globus:auth:identity:a11ce000-…']
 */
function principalsOf(text: string): string[] {
  return text
    .split(/[\s,]+/)
    .filter((each) => each !== '')
    .map((each) =>
      /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(each) ? `urn:globus:auth:identity:${each}` : each,
    )
}

/** A time for an input of the browser, in its time zone. */
function localTime(time: string | undefined): string {
  if (time === undefined) return ''
  const date = new Date(time)
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}
