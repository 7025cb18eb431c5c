import type { JSX } from 'preact'
import { ROLES, STATES, type Wanted } from './filter.ts'

/** The filter. If nothing is checked in a group, all of it counts. */
export function Filters({
  wanted,
  change,
}: {
  wanted: Wanted
  change(other: Partial<Wanted>): void
}): JSX.Element {
  return (
    <form class="filters" aria-label="Which actions" onSubmit={(event) => event.preventDefault()}>
      <div class="field search">
        <label for="label">Label, id or status text</label>
        <input
          id="label"
          type="search"
          value={wanted.label}
          onInput={({ currentTarget }) => change({ label: currentTarget.value })}
        />
      </div>
      <Choices
        legend="State"
        options={STATES.map((value) => ({ value, name: value }))}
        chosen={wanted.status}
        change={(status) => change({ status })}
      />
      <Choices
        legend="Actions that"
        options={ROLES.map(({ role: value, name }) => ({ value, name }))}
        chosen={wanted.role}
        change={(role) => change({ role })}
      />
      <fieldset class="choices">
        <legend>Started</legend>
        <Day name="since" title="from" value={wanted.since} change={(since) => change({ since })} />
        <Day name="until" title="until" value={wanted.until} change={(until) => change({ until })} />
      </fieldset>
    </form>
  )
}

type DayProps = { name: string; title: string; value: string; change(value: string): void }

function Day({ name, title, value, change }: DayProps): JSX.Element {
  return (
    <span class="day">
      <label for={name}>{title}</label>
      <input
        id={name}
        type="date"
        value={value}
        onInput={({ currentTarget }) => change(currentTarget.value)}
      />
    </span>
  )
}

type ChoicesProps<Value> = {
  legend: string
  options: readonly { value: Value; name: string }[]
  chosen: readonly Value[]
  change(chosen: Value[]): void
}

function Choices<Value extends string>({
  legend,
  options,
  chosen,
  change,
}: ChoicesProps<Value>): JSX.Element {
  function toggle(value: Value): void {
    const others = chosen.includes(value) ? chosen.filter((each) => each !== value) : [...chosen, value]
    change(others.length === 0 ? options.map((option) => option.value) : others)
  }
  return (
    <fieldset class="choices">
      <legend>{legend}</legend>
      {options.map(({ value, name }) => (
        <label key={value} class="choice">
          <input type="checkbox" checked={chosen.includes(value)} onChange={() => toggle(value)} />
          {name}
        </label>
      ))}
    </fieldset>
  )
}
