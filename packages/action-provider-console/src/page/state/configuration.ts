/** What the server of the console says of itself. */
export type Configuration = {
  /** The providers of its application. */
  providers: { url: string; scope: string }[]
  /** Where Globus Auth is. */
  auth: string
  client_id: string
  /** Which providers elsewhere it asks on behalf of the page. */
  elsewhere: string[] | 'any'
}

/** Where the console is. Its views are all in this folder. */
export const base = new URL('.', document.baseURI)

/** Set before anything is drawn. */
export let configuration: Configuration

/** @throws Error where the server does not answer */
export async function readConfiguration(): Promise<void> {
  const answer = await fetch(new URL('configuration.json', base))
  if (!answer.ok)
    throw new Error(`${base.host} answered ${answer.status}: reload the page, or try again later`)
  const given = (await answer.json()) as Configuration
  const providers = given.providers.map(({ url, scope }) => ({ url: new URL(url, base).href, scope }))
  configuration = { ...given, providers }
}
