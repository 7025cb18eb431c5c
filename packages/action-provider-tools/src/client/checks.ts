/** The checks of a provider, for a program that calls one: what passes here passes there. */
export { readActionRequest } from '../documents/action-request.ts'
export { compileInput } from '../input/compile-input.ts'
export { exampleInput } from '../input/example-input.ts'
