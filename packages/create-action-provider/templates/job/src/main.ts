import { serve } from 'action-provider-tools'
import { practiceQueue } from './practice-queue.ts'
import { providerOf } from './provider.ts'
import { slurm } from './slurm.ts'

await serve(configured(), { prefix: '/__name__', name: '__name__' })

/** The provider of the cluster that the environment names; without one, of a queue to practise with. */
function configured(): ReturnType<typeof providerOf> {
  const { SLURM_URL: url, SLURM_USER: user, SLURM_TOKEN: token, NODE_ENV } = process.env
  if (url && user && token) return providerOf(slurm({ url, user, token }))
  if (NODE_ENV !== 'production') return providerOf(practiceQueue(), 250)
  process.stderr.write('SLURM_URL, SLURM_USER and SLURM_TOKEN are needed in production: see .env.example\n')
  process.exit(1)
}
