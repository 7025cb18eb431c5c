import type { JSX } from 'preact'
import type { Summary } from '../../thread/calls.ts'
import { absoluteTime } from '../parts/time.tsx'
import { STATES } from './filter.ts'

const BARS = 48
const WIDTH = 720
const HEIGHT = 64

/** The shown actions, by their start and their current state. */
export function Chart({ actions }: { actions: readonly Summary[] }): JSX.Element | null {
  const times = actions.map(({ start_time, status }) => ({ time: Date.parse(start_time ?? ''), status }))
  const known = times.filter(({ time }) => !Number.isNaN(time))
  if (known.length < 2) return null
  const first = Math.min(...known.map(({ time }) => time))
  const last = Math.max(...known.map(({ time }) => time), first + 1_000)
  const bars = Array.from({ length: BARS }, () => ({ ACTIVE: 0, INACTIVE: 0, SUCCEEDED: 0, FAILED: 0 }))
  for (const { time, status } of known) {
    const bar = bars[Math.min(BARS - 1, Math.floor(((time - first) / (last - first)) * BARS))]
    if (bar) bar[status]++
  }
  const tallest = Math.max(...bars.map((bar) => STATES.reduce((sum, state) => sum + bar[state], 0)))
  const totals = STATES.map((state) => ({
    state,
    count: known.filter(({ status }) => status === state).length,
  }))
  const words = totals.filter(({ count }) => count > 0).map(({ state, count }) => `${count} ${state}`)
  return (
    <figure class="chart">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={words.join(', ')}
      >
        {bars.flatMap((bar, index) => {
          let top = HEIGHT
          return STATES.map((state) => {
            const height = (bar[state] / tallest) * (HEIGHT - 4)
            top -= height
            return height === 0 ? null : (
              <rect
                key={`${index} ${state}`}
                class={state.toLowerCase()}
                x={(index * WIDTH) / BARS + 1}
                y={top}
                width={WIDTH / BARS - 2}
                height={height}
              />
            )
          })
        })}
      </svg>
      <figcaption>
        <span>{absoluteTime(first)}</span>
        <span class="legend">
          {totals.map(({ state, count }) => (
            <span key={state}>
              <span class={`swatch ${state.toLowerCase()}`} aria-hidden="true" /> {count} {state}
            </span>
          ))}
        </span>
        <span>{absoluteTime(last)}</span>
      </figcaption>
    </figure>
  )
}
