import { readFile } from 'node:fs/promises'
import { parseEnv } from 'node:util'
import { writePrivateFile } from '../auth/private-file.ts'
import { usageError } from '../errors.ts'
import { keepSecret } from '../output/masking.ts'

/** The settings that no output may show. */
const secrets = ['CLIENT_SECRET', 'FORMER_CLIENT_SECRETS', 'SECRETS_KEY']

/**
 * Reads the settings of a `.env` file; a missing file has none.
 * @throws CommandError if the file cannot be read
 */
export async function readEnvFile(path: string): Promise<Record<string, string | undefined>> {
  const settings = parseEnv((await contentOf(path)) ?? '')
  for (const name of secrets) for (const secret of (settings[name] ?? '').split(',')) keepSecret(secret)
  return settings
}

/**
 * Writes settings to a `.env` file and keeps its other lines. Only the owner can read the file afterwards.
 */
export async function writeEnvFile(path: string, settings: Readonly<Record<string, string>>): Promise<void> {
  const lines = ((await contentOf(path)) ?? '').replace(/\n$/, '').split('\n')
  const missing = new Map(Object.entries(settings))
  const changed = lines.flatMap((line) => {
    const name = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=/.exec(line)?.[1] ?? ''
    if (!Object.hasOwn(settings, name)) return [line]
    const value = missing.get(name)
    missing.delete(name)
    // A second line for the same name would win over the first.
    return value === undefined ? [] : [`${name}=${quoted(value)}`]
  })
  const added = [...missing].map(([name, value]) => `${name}=${quoted(value)}`)
  await writePrivateFile(path, `${[...changed, ...added].join('\n').replace(/^\n+/, '')}\n`)
}

function quoted(value: string): string {
  return /^[\w+/=.,:@-]*$/.test(value) ? value : `'${value}'`
}

async function contentOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw usageError(`The file ${path} cannot be read (${error.code}): check --save-to`)
  })
}
