import { serve } from 'action-provider-tools'
import { practiceService } from './practice-service.ts'
import { providerOf } from './provider.ts'
import { restService } from './rest-service.ts'
import type { Service } from './service.ts'

const { PUBLIC_URL, PORT, SERVICE_URL: url, SERVICE_TOKEN: token, NODE_ENV } = process.env

if (NODE_ENV === 'production' && !(PUBLIC_URL && url && token)) {
  process.stderr.write(
    'PUBLIC_URL, SERVICE_URL and SERVICE_TOKEN are needed in production: see .env.example\n',
  )
  process.exit(1)
}

await serve(providerOf(configured()), {
  prefix: '/__name__',
  name: '__name__',
  // A service on this machine calls back here.
  environment: { ...process.env, PUBLIC_URL: PUBLIC_URL || `http://localhost:${PORT || 5000}` },
})

/** The service that the environment names; without one, a service to practise with. */
function configured(): Service {
  return url && token ? restService({ url, token }) : practiceService()
}
