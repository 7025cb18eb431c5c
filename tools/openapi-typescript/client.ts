/** Runs an action by the types of a provider's document, and prints how it ended: node client.ts URL TOKEN */
import createClient from 'openapi-fetch'
import type { components, paths } from './provider.ts'

const [baseUrl = '', token = ''] = process.argv.slice(2)
const provider = createClient<paths>({ baseUrl, headers: { authorization: `Bearer ${token}` } })

const body: components['schemas']['ActionRequest'] = { request_id: 'typed', body: { input_string: 'hey' } }
// @ts-expect-error: the input of this provider is a text
export const wrong: components['schemas']['Input'] = { input_string: 7 }

const { data: started, error } = await provider.POST('/run', { body })
if (error !== undefined) throw new Error(`${error.code}: ${error.description}`)
const { data: ended } = await provider.POST('/{action_id}/release', {
  params: { path: { action_id: started.action_id } },
})
const { data: left } = await provider.GET('/actions', {
  params: { query: { status: ['succeeded', 'failed'] } },
})
const { error: gone } = await provider.GET('/{action_id}/status', {
  params: { path: { action_id: started.action_id } },
})
process.stdout.write(JSON.stringify({ ended, left, gone }))
