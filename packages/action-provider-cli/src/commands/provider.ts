import { chmod } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { usageError } from '../errors.ts'
import { printable } from '../output/printable.ts'
import type { Table } from '../output/table.ts'
import { type AuthApi, authApi, type Client, type Credential } from '../registration/auth-api.ts'
import { readEnvFile, writeEnvFile } from '../registration/env-file.ts'
import { isSecretOf, newSecret, registerClient, registerScope } from '../registration/register.ts'
import { sealingSettings } from '../registration/sealing.ts'
import { type CommonOptions, openSession, type Session } from '../session.ts'

type ProviderOptions = CommonOptions & { saveTo: string; client?: string }
type RegisterOptions = ProviderOptions & {
  name?: string
  project?: string
  suffix: string
  redirect?: string[]
}

/** Settings that make the provider use the same Globus as this command; production needs none. */
const globusSettings = [
  'GLOBUS_SDK_ENVIRONMENT',
  'GLOBUS_SDK_SERVICE_URL_AUTH',
  'GLOBUS_SDK_SERVICE_URL_GROUPS',
]

/** `action-provider provider register`: repeating the command changes nothing. */
export async function register(options: RegisterOptions): Promise<void> {
  const session = await openSession(options)
  const api = authApi(session)
  const settings = await readEnvFile(options.saveTo)
  const registration = {
    name: options.name ?? basename(resolve(options.saveTo, '..')),
    suffix: options.suffix,
    project: options.project,
    redirectUris: options.redirect,
    clientId: options.client ?? settings.CLIENT_ID,
  }
  const client = await registerClient(session, api, registration)
  const scope = await registerScope(session, api, client, registration)
  const secret = await currentOrNewSecret(session, api, client, settings)
  await keepSettings(session, options.saveTo, {
    CLIENT_ID: client.id,
    ...(secret !== undefined && { CLIENT_SECRET: secret }),
    SCOPE: scope.scope_string,
    ...sealingSettings(settings),
    ...globusOfThisCommand(),
  })
  await show(session, api, client)
}

/** `action-provider provider show` */
export async function showProvider(options: ProviderOptions): Promise<void> {
  const session = await openSession(options)
  const api = authApi(session)
  await show(session, api, await chosenClient(api, options))
}

/** `action-provider provider rotate-secret`: writes the new secret to the file before it removes old ones. */
export async function rotateSecret(options: ProviderOptions & { keepOld?: boolean }): Promise<void> {
  const session = await openSession(options)
  const { terminal } = session
  const api = authApi(session)
  const client = await chosenClient(api, options)
  const settings = await readEnvFile(options.saveTo)
  const { id, secret } = await newSecret(api, client)
  await keepSettings(session, options.saveTo, {
    CLIENT_ID: client.id,
    CLIENT_SECRET: secret,
    ...sealingSettings(settings),
  })
  terminal.say('Restart every instance of the provider, so that it uses the new secret')
  if (options.keepOld) {
    terminal.say(
      'The old secrets are still valid: run this again without --keep-old when the provider uses the new one',
    )
  } else {
    const old = (await api.credentials(client.id)).filter((credential) => credential.id !== id)
    for (const credential of old) await api.deleteCredential(client.id, credential.id)
    terminal.say(`Removed ${old.length} old ${old.length === 1 ? 'secret' : 'secrets'}`)
  }
  await show(session, api, client)
}

/** The client of --client, or of the .env file. */
async function chosenClient(api: AuthApi, { client: given, saveTo }: ProviderOptions): Promise<Client> {
  const id = given ?? (await readEnvFile(saveTo)).CLIENT_ID
  if (id === undefined) {
    throw usageError(
      `${saveTo} has no CLIENT_ID: give --client ID, or run "action-provider provider register" first`,
    )
  }
  const client = await api.client(id)
  if (client === undefined)
    throw usageError(`Globus Auth knows no client ${printable(id)} of yours: check --client or CLIENT_ID`)
  return client
}

async function currentOrNewSecret(
  session: Session,
  api: AuthApi,
  client: Client,
  { CLIENT_ID, CLIENT_SECRET }: Record<string, string | undefined>,
): Promise<string | undefined> {
  if (CLIENT_ID === client.id && CLIENT_SECRET && (await isSecretOf(session, client, CLIENT_SECRET)))
    return undefined
  const { secret } = await newSecret(api, client)
  session.terminal.say('Created a secret')
  return secret
}

async function keepSettings(
  { terminal }: Session,
  path: string,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  await writeEnvFile(path, settings)
  await chmod(path, 0o600)
  const names = Object.keys(settings).filter((name) => !globusSettings.includes(name))
  terminal.say(`Wrote ${new Intl.ListFormat('en-GB').format(names)} to ${path}`)
  if (settings.FORMER_CLIENT_SECRETS === undefined) return
  terminal.say(
    `FORMER_CLIENT_SECRETS=*** opens state that was sealed without a SECRETS_KEY: leave it in ${path} until all work that has begun is complete`,
  )
}

function globusOfThisCommand(): Record<string, string> {
  return Object.fromEntries(
    globusSettings.flatMap((name) => {
      const value = process.env[name]
      return value ? [[name, value] as const] : []
    }),
  )
}

async function show({ terminal }: Session, api: AuthApi, client: Client): Promise<void> {
  const [own, credentials] = [await api.scopesOf(client.id), await api.credentials(client.id)]
  const dependents = await api.scopesById([
    ...new Set(own.flatMap((scope) => scope.dependent_scopes.map((each) => each.scope))),
  ])
  const nameOf = (id: string): string => dependents.find((scope) => scope.id === id)?.scope_string ?? id
  const document = {
    client_id: client.id,
    name: client.name,
    project: client.project,
    redirect_uris: client.redirect_uris,
    scopes: own.map(({ scope_string, name, dependent_scopes }) => ({
      scope: scope_string,
      name,
      dependent_scopes: dependent_scopes.map(({ scope, optional }) => ({ scope: nameOf(scope), optional })),
    })),
    secrets: credentials.map(({ id, name, created }) => ({ id, name, created })),
  }
  await terminal.result(document, () => table(document))
}

type Shown = {
  client_id: string
  name: string
  project: string | null
  redirect_uris: string[]
  scopes: { scope: string; dependent_scopes: { scope: string; optional: boolean }[] }[]
  secrets: Omit<Credential, 'secret'>[]
}

function table({ client_id, name, project, redirect_uris, scopes, secrets }: Shown): Table {
  return {
    kind: 'fields',
    fields: [
      ['Client', client_id],
      ['Name', name],
      ['Project', project ?? undefined],
      ['Redirects', redirect_uris.join('\n')],
      [
        'Scopes',
        scopes
          .flatMap(({ scope, dependent_scopes }) => [
            scope,
            ...dependent_scopes.map((each) => `  needs ${each.scope}${each.optional ? ' (optional)' : ''}`),
          ])
          .join('\n'),
      ],
      ['Secrets', secrets.map(({ id, name: label, created }) => `${id}  ${label}  ${created}`).join('\n')],
    ],
  }
}
