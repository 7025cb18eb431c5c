import { serve } from 'action-provider-tools'
import { approval } from './approval.ts'
import { folderRepository } from './repository.ts'

const { PORT = '5000' } = process.env

await serve(approval(folderRepository('data/repository')), {
  prefix: '/approval',
  name: 'approval',
  exampleInput: { title: 'Rainfall in Chicago' },
  environment: { PUBLIC_URL: `http://localhost:${PORT}`, ...process.env },
})
