import { globusAuth } from 'action-provider-tools'
import { application } from './several-providers.ts'

const { CLIENT_ID: clientId = '', CLIENT_SECRET: clientSecret = '', SCOPE: scope = '' } = process.env
const auth = globusAuth({ clientId, clientSecret, scope })
const app = await application(auth, process.env.DATABASE_URL ?? 'sqlite:data/actions.db')
app.addHook('onClose', () => auth.close())
process.once('SIGTERM', () => app.close())
await app.listen({ port: 5000 })
