import { descriptionTable } from '../output/views.ts'
import { type CommonOptions, openSession } from '../session.ts'

/** `action-provider introspect` */
export async function introspect(options: CommonOptions): Promise<void> {
  const { terminal, provider } = await openSession(options)
  const description = await provider().describe()
  await terminal.result(description, () => descriptionTable(description))
}
