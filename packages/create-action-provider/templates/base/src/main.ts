import { serve } from 'action-provider-tools'
import { provider } from './provider.ts'

await serve(provider, { prefix: '/__name__', name: '__name__' })
