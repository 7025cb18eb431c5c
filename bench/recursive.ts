/** A provider whose schema refers back to itself: a small input may take it longer to check than anybody waits. */
import { defineActionProvider, serve } from 'action-provider-tools'

const again = { properties: { c: { $ref: '#/$defs/n' } }, required: ['x'] }

await serve(
  defineActionProvider({
    description: { title: 'recursive', admin_contact: 'support@example.org', synchronous: true },
    namespace: 'recursive',
    input: {
      type: 'object',
      $defs: { n: { anyOf: [again, again] } },
      properties: { c: { $ref: '#/$defs/n' } },
    },
    run: () => ({ done: true }),
  }),
  { prefix: '/recursive' },
)
