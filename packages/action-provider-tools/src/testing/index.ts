/**
 * What authors' tests use in place of Globus Auth: no credentials, no tokens, no network.
 *
 * @module action-provider-tools/testing
 */
export { clock, type TestClock } from './clock.ts'
export { type FakeAuth, type FakeAuthOptions, fakeAuth } from './fake-auth.ts'
export { type FakeCaller, type FakeCallerOptions, fakeGroup, fakeIdentity } from './fake-caller.ts'
export { type RecordedAction, type RecordedFrom, record } from './record.ts'
export { type Replayed, replay } from './replay.ts'
