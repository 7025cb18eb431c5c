import { expect, test } from 'vitest'
import type { RunContext } from '../src/index.ts'
import { describeWork, start, untilStatus } from './serve-work.ts'
import { untilSettled } from './served.ts'

describeWork('whose token work uses after a resume', ({ serve }) => {
  const asking = {
    run: async ({ dependentToken, creator_id, resumed_by }: RunContext<unknown>) => {
      await dependentToken('urn:other')
      return { creator_id, resumed_by: resumed_by ?? null }
    },
  }

  test("not a manager's, though they have consented, nor anything of theirs", async () => {
    const served = await serve(asking)
    const alice = served.auth.caller({ username: 'alice' })
    const bob = served.auth.caller({ username: 'bob', consents: ['urn:other'] })
    const { action_id } = await start(served, alice, { manage_by: [bob.urn], monitor_by: [bob.urn] })
    await untilStatus(served, alice, action_id, ({ status }) => status === 'INACTIVE')
    const sealed = await served.store.getSecret('work', action_id)
    expect((await served.ask(bob, 'POST', `/p/${action_id}/resume`)).json.status).toBe('ACTIVE')
    const again = await untilStatus(served, bob, action_id, ({ status }) => status !== 'ACTIVE')
    expect(again).toMatchObject({ status: 'INACTIVE', details: { code: 'ConsentRequired' } })
    expect(await served.store.getSecret('work', action_id)).toEqual(sealed)
    expect((await served.store.get('work', action_id))?.attempt).toBe(2)
  })

  test("the manager's who resumed it is told to the work, which goes on as its creator", async () => {
    const served = await serve(asking)
    const alice = served.auth.caller({ username: 'alice' })
    const bob = served.auth.caller({ username: 'bob' })
    const { action_id } = await start(served, alice, { manage_by: [bob.urn] })
    await untilStatus(served, alice, action_id, ({ status }) => status === 'INACTIVE')
    served.auth.consent(alice, 'urn:other')
    await served.ask(bob, 'POST', `/p/${action_id}/resume`)
    expect(await untilSettled(served, alice, action_id)).toMatchObject({
      status: 'SUCCEEDED',
      details: { creator_id: alice.urn, resumed_by: bob.urn },
    })
  })

  test("the creator's new one, from any of their identities, also where the old one has ended", async () => {
    const served = await serve(asking)
    const alice = served.auth.caller({ username: 'alice' })
    const { action_id } = await start(served, alice)
    await untilStatus(served, alice, action_id, ({ status }) => status === 'INACTIVE')
    const other = served.auth.caller({ username: 'al', identities: ['alice'], consents: ['urn:other'] })
    served.auth.expire(alice)
    expect((await served.ask(other, 'POST', `/p/${action_id}/resume`)).status).toBe(200)
    expect(await untilSettled(served, other, action_id)).toMatchObject({
      status: 'SUCCEEDED',
      details: { creator_id: alice.urn, resumed_by: other.urn },
    })
  })
})
