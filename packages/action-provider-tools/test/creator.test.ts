import { expect, test } from 'vitest'
import type { RunContext } from '../src/index.ts'
import { fakeGroup, fakeIdentity } from '../src/testing/index.ts'
import { codeOf, describeWork, start } from './serve-work.ts'
import { untilSettled } from './served.ts'

describeWork('whom work acts as', (server) => {
  const person = { username: 'alice@example.org', name: 'Alice Doe', identities: ['alice@lab.example'] }
  const tell = async ({ auth }: RunContext<unknown>) => ({
    username: auth.username,
    name: auth.name,
    identities: [...auth.identities],
    groups: [...(await auth.groups())],
  })
  const told = (group: string) => ({
    username: person.username,
    name: person.name,
    identities: [person.username, 'alice@lab.example'].map(fakeIdentity),
    groups: [fakeGroup(group)],
  })

  test.each([true, false])('is its creator (synchronous: %s)', async (synchronous) => {
    const description = { title: 'work', admin_contact: 'support@example.org', synchronous }
    const served = await server.serve({ description, run: tell })
    const alice = served.auth.caller({ ...person, groups: ['staff'] })
    const { action_id } = await start(served, alice)
    expect(await untilSettled(served, alice, action_id)).toMatchObject({ details: told('staff') })
  })

  test('is its creator after a crash of the instance too', async () => {
    const hangs = Promise.withResolvers<void>()
    const began = Promise.withResolvers<void>()
    const database = await server.createDatabase()
    const first = await server.serve(
      {
        run: () => {
          began.resolve()
          return hangs.promise
        },
      },
      { database, shutdownGrace: 1 },
    )
    const alice = first.auth.caller({ ...person, groups: ['staff'] })
    const { action_id } = await start(first, alice)
    await began.promise
    await first.close()
    const second = await server.serve({ run: tell }, { database, auth: first.auth })
    expect(await untilSettled(second, alice, action_id)).toMatchObject({ details: told('staff') })
    hangs.resolve()
  })

  test('is no longer known by its groups when the token has ended, until its creator resumes it', async () => {
    const asks = Promise.withResolvers<void>()
    const served = await server.serve({
      run: async (context: RunContext<unknown>) => {
        await asks.promise
        return tell(context)
      },
    })
    const alice = served.auth.caller({ ...person, groups: ['staff'] })
    const { action_id } = await start(served, alice)
    served.auth.expire(alice)
    asks.resolve()
    const later = served.auth.caller({ ...person, groups: ['admins'] })
    const status = await untilSettled(served, later, action_id)
    expect(status).toMatchObject({ status: 'INACTIVE', details: { required_scope: served.auth.scope } })
    expect(codeOf(status)).toBe('ConsentRequired')
    await served.ask(later, 'POST', `/p/${action_id}/resume`)
    expect(await untilSettled(served, later, action_id)).toMatchObject({ details: told('admins') })
  })
})
