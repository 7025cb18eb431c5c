import { styleText } from 'node:util'
import { statusColours } from './table.ts'

/** A line at the end of the terminal that shows progress until it is removed. */
export type Progress = {
  /** Replaces the line. */
  show(text: string): void
  end(): void
}

const FRAME_TIME = 120

/**
 * Shows progress on a stream: on a terminal as an animated line with the elapsed time, elsewhere as one line
 * for each new text.
 */
export function progressOn(stream: NodeJS.WriteStream): Progress {
  return stream.isTTY && process.env.TERM !== 'dumb' ? animatedLine(stream) : plainLines(stream)
}

function plainLines(stream: NodeJS.WriteStream): Progress {
  let shown = ''
  return {
    show(text) {
      if (text !== shown) stream.write(`${text}\n`)
      shown = text
    },
    end() {
      shown = ''
    },
  }
}

function animatedLine(stream: NodeJS.WriteStream): Progress {
  const frames = supportsUnicode() ? [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'] : [...'|/-\\']
  const started = Date.now()
  let text = ''
  let framesDrawn = 0
  let timer: NodeJS.Timeout | undefined

  const draw = (): void => {
    const frame = frames[framesDrawn++ % frames.length] ?? ''
    const line = `${frame} ${text}  (${elapsed(Date.now() - started)})`
    const fitting = line.slice(0, Math.max(10, (stream.columns || 80) - 1))
    stream.write(`\r\u001b[2K${coloured(fitting, stream)}`)
  }
  return {
    show(next) {
      text = next
      timer ??= setInterval(draw, FRAME_TIME).unref()
      draw()
    },
    end() {
      if (timer === undefined) return
      clearInterval(timer)
      timer = undefined
      stream.write('\r\u001b[2K')
    },
  }
}

/** The name of a status, in its colour if colours are enabled. */
function coloured(text: string, stream: NodeJS.WriteStream): string {
  return text.replace(/\b(ACTIVE|INACTIVE|SUCCEEDED|FAILED)\b/, (status) =>
    styleText(statusColours[status as keyof typeof statusColours], status, { stream }),
  )
}

function supportsUnicode(): boolean {
  const { LC_ALL, LC_CTYPE, LANG, WT_SESSION } = process.env
  return (
    Boolean(WT_SESSION) || /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '') || process.platform === 'darwin'
  )
}

function elapsed(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}
