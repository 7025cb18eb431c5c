import { defineActionProvider, groupURN } from 'action-provider-tools'
import Type from 'typebox'

/** The group's id, from its page at app.globus.org. */
export const staff = groupURN('0f7e0c31-8a5e-4d0c-9b77-3a1f0d7b2c55')

export const reboot = defineActionProvider({
  description: {
    title: 'Reboot',
    admin_contact: 'me@example.org',
    synchronous: true,
    visible_to: ['all_authenticated_users'],
    runnable_by: [staff],
  },
  input: Type.Object({ machine: Type.String() }),
  run: ({ input }) => ({ rebooted: input.machine }),
})
