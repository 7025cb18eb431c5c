import { awsLambdaFastify } from '@fastify/aws-lambda'
import { openApplication } from './application.ts'

const app = await openApplication()

export const handler = awsLambdaFastify(app, {
  // A list such as status=active,failed is for the provider to read.
  parseCommaSeparatedQueryParams: false,
  decorateRequest: false,
})

await app.ready()
