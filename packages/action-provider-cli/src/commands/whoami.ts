import { refusedError } from '../errors.ts'
import { type CommonOptions, openSession } from '../session.ts'
import { identityTable, whoDocument } from './who.ts'

/** `action-provider whoami`: the identity that commands act as. It sends no request. */
export async function whoami(options: CommonOptions): Promise<void> {
  const { terminal, store, globus, client, tokens, serviceTokens } = await openSession(options)
  if (tokens !== serviceTokens) {
    terminal.warn(
      'Commands use the token of ACTION_TOKEN or --token-file; only the provider knows whose token it is',
    )
  }
  if (client !== undefined) {
    const who = {
      identity: `urn:globus:auth:identity:${client.clientId}`,
      globus_auth: globus.auth.origin,
      tokens: [],
    }
    terminal.say('Commands act as the client of GLOBUS_CLIENT_ID')
    await terminal.result(who, () => identityTable(who))
    return
  }
  const login = await store.read()
  if (login.identity === undefined) {
    throw refusedError(`Nobody is logged in at ${globus.auth.origin}: action-provider login`)
  }
  const who = whoDocument(login, globus.auth)
  await terminal.result(who, () => identityTable(who))
}
