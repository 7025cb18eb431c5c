import { serve } from 'action-provider-tools'
import { helloWorld } from './hello-world.ts'

await serve(helloWorld, {
  prefix: '/hello_world',
  name: 'hello-world',
  exampleInput: { echo_string: 'hey', sleep_time: 5 },
})
