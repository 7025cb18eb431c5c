import { isLoopback, isRegisteredScope } from 'action-provider-tools/client'
import { isStatus, seconds } from '../../client/documents.ts'
import { firstAction, firstRun } from '../actions.ts'
import type { Group } from '../check.ts'
import { expectStatus, expectThat } from '../expectations.ts'
import { Fault } from '../outcome.ts'

/** The longest acceptable answers, in milliseconds. */
const RUN = 5_000
const STATUS = 2_000

/** The largest state of a flow, in bytes of JSON. */
const LARGEST_DETAILS = 200 * 1024

/** What Globus Flows expects of a provider in addition to the interface. */
export const flows: Group = {
  title: 'As Globus Flows calls it',
  checks: [
    {
      id: 'flows.public',
      level: 'should',
      title: 'the description is readable without a login',
      section: 'introspect',
      says: 'Where visible_to has public, no token is looked at. Flows reads the description, and the scope in it, without one.',
      mend: 'Add "public" to visible_to; runnable_by still says who may run.',
      async verify(subject) {
        const answer = await subject.send({ path: '/', as: 'nobody' })
        expectStatus(answer, 200)
      },
    },
    {
      id: 'flows.https',
      level: 'should',
      title: 'the provider is reached over TLS',
      section: 'Tokens',
      says: 'Callers send bearer tokens, which whoever is on the way could read and use.',
      mend: 'Serve it at an https:// URL.',
      async verify({ url }) {
        if (url.protocol === 'https:') return
        if (isLoopback(url.hostname)) return 'on this machine, it need not be'
        throw new Fault(`the URL is ${url.href}`)
      },
    },
    {
      id: 'flows.scope',
      level: 'must',
      title: 'globus_auth_scope is the URL of a scope of your own client',
      section: 'ProviderDescription',
      says: "globus_auth_scope: the scope that a caller's token needs. Scopes of clients are https://auth.globus.org/scopes/<client>/<name>.",
      mend: 'Register a scope (action-provider provider register) and put the whole scope string into the description.',
      async verify({ description: { globus_auth_scope: scope } }) {
        if (typeof scope === 'string' && isRegisteredScope(scope)) return
        throw new Fault(`it is ${JSON.stringify(scope)}`)
      },
    },
    {
      id: 'flows.deadline',
      level: 'should',
      title: 'maximum_deadline is between a minute and a year',
      section: 'ProviderDescription',
      says: 'maximum_deadline: the longest that an action may take; P30D where it is left out.',
      mend: 'Set it to the longest time that your work takes.',
      async verify({ description: { maximum_deadline: most = 'P30D' } }) {
        const length = seconds(most) ?? 0
        if (length < 60 || length > 366 * 86_400) throw new Fault(`it is ${JSON.stringify(most)}`)
        return String(most)
      },
    },
    {
      id: 'flows.details-size',
      level: 'should',
      title: 'details fit into the state of a flow, 200 KB',
      section: 'ActionStatus',
      says: 'details: object or string. A flow puts it into its state, which holds no more.',
      mend: 'Put the data somewhere else, and a reference to it into details.',
      async verify(subject) {
        await subject.shared(firstAction)
        const statuses = subject.seen.filter(({ json }) => isStatus(json))
        const sizes = statuses.map(({ json }) =>
          Buffer.byteLength(JSON.stringify((json as { details?: unknown }).details ?? null)),
        )
        const largest = Math.max(0, ...sizes)
        if (largest > LARGEST_DETAILS)
          throw new Fault(`they take ${largest} bytes`, statuses[sizes.indexOf(largest)])
        return `${largest} bytes`
      },
    },
    {
      id: 'flows.run-speed',
      level: 'should',
      title: 'run answers within 5 seconds',
      section: 'run',
      says: '202 where this request started the action. Work that takes longer goes on after the answer.',
      mend: 'Describe the provider as synchronous: false, and do the work after run has answered.',
      async verify(subject) {
        const { answer } = await subject.shared(firstRun)
        const took = Math.round(answer.milliseconds)
        expectThat(took <= RUN, `it took ${took} ms`, answer)
        return `${took} ms`
      },
    },
    {
      id: 'flows.status-speed',
      level: 'should',
      title: 'status answers within 2 seconds',
      section: 'status',
      says: '200 with the status document. Flows asks again and again until the action is complete.',
      mend: 'Answer status from what is stored, without asking other systems.',
      async verify(subject) {
        const { id } = await subject.shared(firstAction)
        const answer = await subject.send({ path: `/${id}/status` })
        const took = Math.round(answer.milliseconds)
        expectThat(took <= STATUS, `it took ${took} ms`, answer)
        return `${took} ms`
      },
    },
  ],
}
