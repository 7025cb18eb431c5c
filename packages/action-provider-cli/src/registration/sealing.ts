import { randomBytes } from 'node:crypto'
import { keepSecret } from '../output/masking.ts'

type Settings = Readonly<Record<string, string | undefined>>

/**
 * The settings that must be added to a `.env` file so that sealed state stays readable when the client secret
 * changes. Without SECRETS_KEY, the key was derived from that secret: a provider that gets a SECRETS_KEY also
 * gets the old secret, to open older state.
 *
 * @param settings the current settings of the file
 * @example sealingSettings({ CLIENT_SECRET: 'old' }) // { SECRETS_KEY: '…', FORMER_CLIENT_SECRETS: 'old' }
 */
export function sealingSettings({
  SECRETS_KEY,
  CLIENT_SECRET,
  FORMER_CLIENT_SECRETS,
}: Settings): Record<string, string> {
  if (SECRETS_KEY) return {}
  const former = [CLIENT_SECRET, ...(FORMER_CLIENT_SECRETS ?? '').split(',')].filter(Boolean)
  return {
    SECRETS_KEY: keepSecret(randomBytes(32).toString('base64')),
    ...(former.length > 0 && { FORMER_CLIENT_SECRETS: [...new Set(former)].join(',') }),
  }
}
