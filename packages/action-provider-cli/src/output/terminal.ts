import { mask } from './masking.ts'
import { printable, printableJson, printableLines, printableValue } from './printable.ts'
import { progressOn } from './progress.ts'
import { type Table, tableLines } from './table.ts'

export type Format = 'table' | 'json' | 'yaml'

/** The output of a command: only results go to stdout, messages go to stderr. */
export type Terminal = {
  readonly format: Format
  /** Whether the user can be asked. */
  readonly interactive: boolean
  /** Prints a result. The table is laid out only if that format is chosen. */
  result(value: unknown, table: () => Table): Promise<void>
  /** Prints one of several results: each is a line of JSON, or a YAML document. */
  item(value: unknown, line: () => string): void
  /** Prints a message, unless --quiet is set. */
  say(message: string): void
  /** Prints a message even if --quiet is set. */
  warn(message: string): void
  /** Prints details if --verbose is set. */
  trace(line: string): void
  /** Asks a yes-or-no question, if `interactive`. */
  confirm(question: string): Promise<boolean>
  /** Shows progress. Each call replaces the last text. */
  progress(text: string): void
  /** Removes the progress line. */
  endProgress(): void
}

export type TerminalOptions = { format?: Format; quiet?: boolean; verbose?: boolean }

/** The terminal, or the pipes, of this process. */
export function processTerminal({
  format = 'table',
  quiet = false,
  verbose = false,
}: TerminalOptions): Terminal {
  const { stdin, stdout, stderr } = process
  const progress = progressOn(stderr)

  const message = (text: string): void => {
    progress.end()
    stderr.write(`${mask(printableLines(text))}\n`)
  }
  const print = (text: string): void => {
    progress.end()
    stdout.write(`${mask(text)}\n`)
  }

  return {
    format,
    interactive: Boolean(stdin.isTTY && stderr.isTTY),
    async result(value, table) {
      const width = stdout.isTTY ? stdout.columns || 80 : undefined
      if (format === 'table') print(tableLines(table(), width).join('\n'))
      else if (format === 'json') print(printableJson(value))
      else print(await yaml(value))
    },
    item(value, line) {
      if (format === 'table') print(line())
      else if (format === 'json') print(printableJson(value, 0))
      else print(`---\n${printableJson(value, 0)}`)
    },
    say(text) {
      if (!quiet) message(text)
    },
    warn: message,
    trace(line) {
      if (verbose) message(line)
    },
    async confirm(question) {
      progress.end()
      const { confirm } = await import('@clack/prompts')
      return (await confirm({ message: question, initialValue: false, output: stderr })) === true
    },
    progress(text) {
      if (!quiet) progress.show(mask(printable(text)))
    },
    endProgress: progress.end,
  }
}

async function yaml(value: unknown): Promise<string> {
  const { stringify } = await import('yaml')
  return stringify(printableValue(value), { lineWidth: 0 }).trimEnd()
}
