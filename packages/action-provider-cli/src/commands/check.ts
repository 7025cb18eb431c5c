import { writeFile } from 'node:fs/promises'
import { requireTls } from 'action-provider-tools/client'
import { tokenFromFile } from '../auth/tokens.ts'
import { asDescription, checkProvider } from '../check/check-provider.ts'
import { groups } from '../check/checks.ts'
import { type Inputs, inputsOf } from '../check/inputs.ts'
import { junit } from '../check/junit.ts'
import { conforms } from '../check/report.ts'
import { reportTable } from '../check/table.ts'
import { exchange } from '../check/wire.ts'
import { providerUrl, urlOption } from '../client/provider-url.ts'
import { commandError } from '../client/refusals.ts'
import { CommandError, type ExitCode, exitCodes, unavailableError, usageError } from '../errors.ts'
import { readBody } from '../input/read-body.ts'
import { keepSecret } from '../output/masking.ts'
import { printable } from '../output/printable.ts'
import { type CommonOptions, openSession, type Session } from '../session.ts'

export type CheckCommandOptions = CommonOptions & {
  body?: string
  asOtherTokenFile?: string
  only?: string[]
  junit?: string
  /** In seconds. */
  timeLimit: number
}

const INTROSPECT_TIMEOUT = 15_000

/** `action-provider check` */
export async function check(givenUrl: string | undefined, options: CheckCommandOptions): Promise<ExitCode> {
  const url = providerUrl(givenUrl ?? options.actionUrl)
  checkWay(url)
  const session = await openSession({ ...options, actionUrl: url.href })
  const { terminal } = session
  const body = options.body === undefined ? undefined : await readBody(options.body)
  const otherToken = options.asOtherTokenFile
    ? keepSecret(await tokenFromFile(options.asOtherTokenFile, '--as-other-token-file'))
    : undefined
  const token = await callersToken(session, url)
  const description = await introspected(url, token)
  const inputs = await inputsOf(description.input_schema, body)
  const input = usableInput(inputs)
  if (body === undefined)
    terminal.say(`Input, made from the schema; --body gives another: ${printable(JSON.stringify(input))}`)
  const interrupt = new AbortController()
  const stop = (): void => {
    terminal.say('Releasing what was started')
    interrupt.abort()
  }
  process.once('SIGINT', stop)
  const report = await checkProvider({
    ...{
      url,
      description,
      input,
      token,
      otherToken,
      unfitInput: inputs.unfit,
      unusableSchema: inputs.unusable,
    },
    ...(options.only && { only: knownChecks(options.only) }),
    timeLimit: options.timeLimit * 1_000,
    trace: terminal.trace,
    interrupt: interrupt.signal,
    // In a pipe, each id would be a line of its own.
    onCheck: ({ id }) => process.stderr.isTTY && terminal.progress(id),
  }).finally(() => process.off('SIGINT', stop))
  if (interrupt.signal.aborted)
    throw new CommandError(
      exitCodes.interrupted,
      `Interrupted${report.left.length > 0 ? `; not released: ${report.left.join(', ')}` : ''}`,
    )
  await terminal.result(report, () => reportTable(report))
  if (options.junit !== undefined) await write(options.junit, junit(report))
  if (!conforms(report)) return exitCodes.failed
  if (!report.complete)
    throw unavailableError(
      'The time limit ended before every check had run: give more time with --time-limit SECONDS',
    )
  return exitCodes.fine
}

/** @throws CommandError for a URL to which a token would go unencrypted */
function checkWay(url: URL): void {
  try {
    requireTls(url)
  } catch (error) {
    throw commandError(error, url)
  }
}

/** @throws CommandError for an unknown check */
function knownChecks(only: readonly string[]): readonly string[] {
  const ids = groups.flatMap(({ checks }) => checks.map(({ id }) => id))
  const kinds = new Set(ids.map((id) => id.replace(/\..*/, '')))
  const wrong = only.find((each) => !ids.includes(each) && !kinds.has(each))
  if (wrong === undefined) return only
  throw usageError(
    `No check is called ${JSON.stringify(wrong)}: --only takes an id that --format json shows, or one of ${[...kinds].join(', ')}`,
  )
}

async function callersToken({ provider, tokens }: Session, url: URL): Promise<string> {
  const scope = await provider().scope()
  const advice = `You are not logged in for ${url.href}: action-provider login ${urlOption(url)}`
  return keepSecret(await tokens.get({ scope, advice }))
}

/** The provider's description, without changes. A token is sent only if it is needed. */
async function introspected(url: URL, token: string): Promise<Record<string, unknown>> {
  const ask = (headers: Record<string, string>) =>
    exchange({ method: 'GET', url, headers, sender: '' }, AbortSignal.timeout(INTROSPECT_TIMEOUT))
  const open = await ask({})
  const { json } = open.status === 200 ? open : await ask({ authorization: `Bearer ${token}` })
  return asDescription(json)
}

/** @throws CommandError if no input fits */
function usableInput({ input, errors }: Inputs): unknown {
  if (errors.length > 0) {
    throw usageError(
      `The body does not fit the provider's input schema: ${printable(errors.join('; '))}; "action-provider introspect" shows what it takes`,
    )
  }
  if (input === undefined) {
    throw usageError(
      'No input that the provider accepts can be made from its schema: give one that works as --body JSON',
    )
  }
  return input
}

async function write(path: string, content: string): Promise<void> {
  await writeFile(path, content).catch((error: NodeJS.ErrnoException) => {
    throw usageError(`${path} cannot be written (${error.code}): check --junit`)
  })
}
