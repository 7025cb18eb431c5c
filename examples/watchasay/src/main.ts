import { serve } from 'action-provider-tools'
import { watchasay } from './watchasay.ts'

await serve(watchasay, { prefix: '/skeleton', name: 'watchasay', exampleInput: { input_string: 'hey' } })
