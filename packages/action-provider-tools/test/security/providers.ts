import { defineActionProvider } from '../../src/index.ts'
import type { Answer, Served } from '../served.ts'

/** Requests that mean harm are sent to these: docs/security.md says what each of them is about. */

export const contact = { admin_contact: 'support@example.org' }
export const echo = defineActionProvider({
  description: { ...contact, title: 'echo', synchronous: true, log_supported: true },
  input: { type: 'object', properties: { input_string: { type: 'string' } }, required: ['input_string'] },
  run: ({ input }) => ({ you_said: input.input_string }),
})
export const other = defineActionProvider({
  description: { ...contact, title: 'other', synchronous: false, log_supported: true },
  input: { type: 'object' },
  run: async ({ pause }) => pause({ code: 'Wait', description: 'Until somebody resumes it' }),
})
export const patterns = defineActionProvider({
  description: { ...contact, title: 'patterns', synchronous: true },
  input: {
    type: 'object',
    properties: {
      nested: { type: 'string', pattern: '^(a+)+$' },
      alternating: { type: 'string', pattern: '^(a|aa|a?)*$' },
      referring: { type: 'string', pattern: '^(a*)*\\1b$' },
      ahead: { type: 'string', pattern: '^(?=(a+)+$)b' },
    },
    patternProperties: { '^(x+x+)+y$': { type: 'string' } },
  },
  run: () => ({}),
})

/** Asks to run the provider at a prefix. */
export const run = (
  served: Served,
  caller: { token: string },
  request_id: string,
  more: object = {},
  prefix = '/p',
): Promise<Answer> =>
  served.ask(caller, 'POST', `${prefix}/run`, { request_id, body: { input_string: 'hey' }, ...more })
