import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { usageError } from '../errors.ts'

/**
 * Reads the body of `--body`: JSON itself, `@file` or the name of a file, or `-` for standard input.
 *
 * @throws CommandError if a file cannot be read, or if the body is not a JSON object
 */
export async function readBody(given: string): Promise<Record<string, unknown>> {
  if (given === '-') return parseBody(await text(process.stdin), 'The standard input')
  if (given.startsWith('@')) return fromFile(given.slice(1))
  // JSON begins with one of these characters; names of files hardly ever do.
  if (/^\s*([[{"]|-?\d+$|(true|false|null)\s*$)/.test(given)) return parseBody(given, '--body')
  return fromFile(given)
}

async function fromFile(path: string): Promise<Record<string, unknown>> {
  const content = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') {
      throw usageError(
        `--body is not JSON, and no file is called ${JSON.stringify(path)}: check its quotes or its path`,
      )
    }
    const reason = error.code === 'EISDIR' ? 'is a folder' : `cannot be read (${error.code})`
    throw usageError(`The file ${path} ${reason}: check --body`)
  })
  return parseBody(content, `The file ${path}`)
}

function parseBody(json: string, where: string): Record<string, unknown> {
  let body: unknown
  try {
    body = JSON.parse(json)
  } catch (error) {
    const reason = json.trim() === '' ? 'it is empty' : (error as Error).message.replace(/\s+/g, ' ')
    throw usageError(`${where} is not JSON (${reason}): check its quotes, commas and brackets`)
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw usageError(`${where} is not a JSON object: write it as {"field": "value"}`)
  }
  return body as Record<string, unknown>
}
