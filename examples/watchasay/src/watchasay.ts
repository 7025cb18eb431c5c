import { defineActionProvider } from 'action-provider-tools'

/** The echo provider: it answers with what it was told. */
export const watchasay = defineActionProvider({
  description: {
    title: 'skeleton_action_provider',
    admin_contact: 'support@globus.org',
    synchronous: true,
    visible_to: ['public'],
  },
  input: {
    $id: 'https://automate.globus.org/skeleton_action_provider.input.schema.json',
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Skeleton Action Provider Input Schema',
    type: 'object',
    properties: { input_string: { type: 'string', description: 'A string to be replayed back to the user' } },
    required: ['input_string'],
    additionalProperties: false,
  },
  additionalScopes: ['https://auth.globus.org/scopes/d3a66776-759f-4316-ba55-21725fe37323/secondary_scope'],
  run: ({ input }) => ({ you_said: input.input_string }),
})
