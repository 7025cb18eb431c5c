import { mask } from './masking.ts'
import { printable, printableJson, printableLines, printableValue } from './printable.ts'
import { progressOn } from './progress.ts'
import { type Table, tableLines } from './table.ts'

export type Format = 'table' | 'json' | 'yaml'

/** Where a command's words go: results to stdout and nothing else, messages to stderr. */
export type Terminal = {
  readonly format: Format
  /** Somebody is there who can be asked. */
  readonly interactive: boolean
  /** Prints a result. A table is only laid out when it is wanted. */
  result(value: unknown, table: () => Table): Promise<void>
  /** Prints one of several results that come one after the other: a line of JSON, or a YAML document, each. */
  item(value: unknown, line: () => string): void
  /** Tells something, unless told to be quiet. */
  say(message: string): void
  /** Tells what must be read, even when told to be quiet. */
  warn(message: string): void
  /** Tells what goes on underneath, when asked to. */
  trace(line: string): void
  /** Asks somebody for a yes or a no, where `interactive`. */
  confirm(question: string): Promise<boolean>
  /** Shows how far something is; each call replaces what the last one showed. */
  progress(text: string): void
  /** Takes away what `progress` shows. */
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
