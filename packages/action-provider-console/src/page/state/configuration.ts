/** The configuration of the console, from its server. */
export type Configuration = {
  /** The providers of its application. */
  providers: { url: string; scope: string }[]
  /** Where Globus Auth is. */
  auth: string
  client_id: string
  /** The providers elsewhere to which it forwards requests. */
  elsewhere: string[] | 'any'
}

/** The URL of the console. All its views are in this folder. */
export const base = new URL('.', document.baseURI)

/** Set before the first rendering. */
export let configuration: Configuration

/** @throws Error if the server does not answer */
export async function readConfiguration(): Promise<void> {
  const answer = await fetch(new URL('configuration.json', base))
  if (!answer.ok)
    throw new Error(`${base.host} answered ${answer.status}: reload the page, or try again later`)
  const given = (await answer.json()) as Configuration
  const providers = given.providers.map(({ url, scope }) => ({ url: new URL(url, base).href, scope }))
  configuration = { ...given, providers }
}
