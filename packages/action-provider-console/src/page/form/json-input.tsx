import type { JSX } from 'preact'
import { plain } from '../parts/plain.ts'
import type { FieldError } from './check.ts'

type JsonInputProps = {
  text: string
  change(text: string): void
  syntax: string | undefined
  errors: readonly FieldError[]
}

/** An input as JSON, with its errors below. */
export function JsonInput({ text, change, syntax, errors }: JsonInputProps): JSX.Element {
  const wrong = syntax !== undefined || errors.length > 0
  return (
    <div class="field">
      <label for="json">Input as JSON</label>
      <textarea
        id="json"
        class="code"
        rows={Math.min(30, Math.max(8, text.split('\n').length + 1))}
        spellcheck={false}
        autoComplete="off"
        value={text}
        aria-invalid={wrong}
        aria-describedby="json-errors"
        onInput={({ currentTarget }) => change(currentTarget.value)}
      />
      <ul id="json-errors" class="errors" aria-live="polite">
        {syntax !== undefined && <li>{syntax}</li>}
        {errors.map(({ path, message }, index) => (
          <li key={index}>
            {path.length > 0 && <code>{plain(path.join('.'))}</code>} {plain(message)}
          </li>
        ))}
      </ul>
    </div>
  )
}
