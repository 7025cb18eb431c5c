import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { LogCount, LogLine, Shown, Wait } from '../../thread/calls.ts'
import { Copy } from '../parts/copy.tsx'
import { plain } from '../parts/plain.ts'
import { ProblemBox } from '../parts/problem.tsx'
import { Rows } from '../parts/rows.tsx'
import { useWhileLive } from '../state/live.ts'
import { inQuery } from '../state/providers.ts'
import { go, hrefOf, route } from '../state/route.ts'
import { ask } from '../state/thread.ts'
import { LinePanel } from './line-panel.tsx'
import { Timeline } from './timeline.tsx'

const HEIGHT = 26
const count = new Intl.NumberFormat()
const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
})

type LogSectionProps = {
  provider: string
  action: Shown
  released: boolean
  /** Gets the event that the work waits for. */
  tellWait(wait: Wait | undefined): void
}

/** The log of an action: it follows the action, can be searched, and each line has a URL. */
export function LogSection({ provider, action, released, tellWait }: LogSectionProps): JSX.Element {
  const { id } = action
  const key = `log ${provider} ${id}`
  const [lines, setLines] = useState<LogCount>({ lines: 0, found: 0 })
  const [text, setText] = useState('')
  const [error, setError] = useState<unknown>()
  const [again, setAgain] = useState(0)
  const [follow, setFollow] = useState(true)
  const [target, setTarget] = useState<{ row: number }>()
  const [found, setFound] = useState(0)
  const chosen = Number(route.value.query.get('line') ?? 0)
  const linked = useRef(chosen > 0)
  const isOver = action.status === 'SUCCEEDED' || action.status === 'FAILED'

  useEffect(() => () => void ask('forget', { key }), [key])
  useWhileLive(
    (signal) => {
      if (released) return
      ask('followLog', { provider, id, key, follow: !isOver }, { signal, onEvent: setLines }).catch(
        (error: unknown) => {
          if (!signal.aborted) setError(error)
        },
      )
    },
    [key, again, isOver, released],
  )
  useEffect(() => {
    if (lines.lines > 0) void ask('waitOfLog', { key }).then(tellWait)
  }, [lines.lines])
  async function search(text: string): Promise<void> {
    setText(text)
    setLines(await ask('searchLog', { key, text }))
    setFound((times) => times + 1)
  }
  // Scrolls to a linked line once it is loaded.
  useEffect(() => {
    if (!linked.current || lines.lines < chosen) return
    linked.current = false
    setFollow(false)
    void ask('findLine', { key, number: chosen }).then((row) => setTarget({ row }))
  }, [lines.lines])

  const hrefOfLine = (line?: number): string =>
    hrefOf('action', { provider: inQuery(provider), id, line: line?.toString() })
  return (
    <section class="box log">
      <h2>Log</h2>
      <Timeline log={key} lines={lines.lines} action={action} hrefOfLine={hrefOfLine} />
      <div class="tools">
        <div class="field inline">
          <label for="search">Search</label>
          <input
            id="search"
            type="search"
            value={text}
            onInput={({ currentTarget }) => void search(currentTarget.value)}
          />
        </div>
        <p class="hint" aria-live="polite">
          {text === '' ? linesText(lines.lines) : `${count.format(lines.found)} of ${linesText(lines.lines)}`}
        </p>
        {!isOver && (
          <label class="choice">
            <input
              type="checkbox"
              checked={follow}
              onChange={({ currentTarget }) => setFollow(currentTarget.checked)}
            />
            Follow
          </label>
        )}
      </div>
      {error !== undefined && (
        <ProblemBox
          error={error}
          again={() => {
            setError(undefined)
            setAgain((times) => times + 1)
          }}
        />
      )}
      {lines.found === 0 ? (
        <p class="hint">
          {text === '' ? (isOver ? 'The log is empty.' : 'No lines yet.') : 'No line matches.'}
        </p>
      ) : (
        <Rows<LogLine>
          list
          count={lines.found}
          height={HEIGHT}
          version={`${lines.found} ${found}`}
          target={target}
          follow={follow && !isOver && text === ''}
          onScrolledByUser={(atEnd) => !atEnd && follow && lines.found > 30 && setFollow(false)}
          read={(from, to) => ask('logRows', { key, from, to })}
          draw={(line, index) => (
            <Line
              index={index}
              count={lines.found}
              key={line.number}
              line={line}
              chosen={line.number === chosen}
              href={hrefOfLine(line.number)}
            />
          )}
          box={{
            role: 'region',
            'aria-label': 'Log',
            style: { height: `${Math.min(lines.found, 18) * HEIGHT + 10}px` },
          }}
        />
      )}
      {chosen > 0 && chosen <= lines.lines && (
        <LinePanel
          log={key}
          number={chosen}
          close={() => go(hrefOfLine(), { replace: true })}
          link={<Copy text={hrefOfLine(chosen)} what={`the link to line ${chosen}`} />}
        />
      )}
    </section>
  )
}

function linesText(lines: number): string {
  return `${count.format(lines)} ${lines === 1 ? 'line' : 'lines'}`
}

type LineProps = { line: LogLine; index: number; count: number; chosen: boolean; href: string }

function Line({ line, index, count, chosen, href }: LineProps): JSX.Element {
  const { number, time, code, description, hasDetails } = line
  const at = Date.parse(time)
  return (
    <li aria-posinset={index + 1} aria-setsize={count} class={`log-line ${chosen ? 'chosen' : ''}`}>
      <span class="number">
        <a
          href={href}
          aria-label={`Line ${number}`}
          onClick={(event) => {
            event.preventDefault()
            go(href, { replace: true })
          }}
        >
          {number}
        </a>
      </span>
      <span class="time" title={time}>
        {Number.isNaN(at) ? plain(time) : clock.format(at)}
      </span>
      <span class="what">{plain(code)}</span>
      <span class="text">
        {plain(description.replaceAll('\n', '⏎'))}
        {hasDetails && <span class="more"> {'{…}'}</span>}
      </span>
    </li>
  )
}
