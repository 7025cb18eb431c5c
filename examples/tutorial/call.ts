import { connect } from 'action-provider-tools/client'
import type { checksum } from './checksum.ts'

const [provider = '', file = ''] = process.argv.slice(2)
const { TOKEN: token = '' } = process.env

const action = await connect<typeof checksum>(provider, { token }).run({ url: file }, { label: 'tutorial' })
const done = await action.finished({ onProgress: ({ display_status }) => console.error(display_status) })
if (done.status === 'SUCCEEDED') console.log(`${done.details.sha256}  ${done.details.bytes} bytes`)
else console.error(done.details)
