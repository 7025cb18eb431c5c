import { serve } from 'action-provider-tools'
import { checksum } from './checksum.ts'

await serve(checksum, { prefix: '/checksum' })
