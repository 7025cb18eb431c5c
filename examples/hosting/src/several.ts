import { serve } from 'action-provider-tools'
import { countdown, echo } from './providers.ts'

await serve([echo, { provider: countdown, prefix: '/count-down' }], { name: 'hosting' })
