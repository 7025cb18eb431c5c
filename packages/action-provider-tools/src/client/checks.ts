/** The provider's own checks, for a program that calls providers: what passes here passes there. */
export { readActionRequest } from '../documents/action-request.ts'
export { compileInput } from '../input/compile-input.ts'
export { exampleInput } from '../input/example-input.ts'
