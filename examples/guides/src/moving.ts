import { exportStore, importStore, verifyExport } from 'action-provider-tools/moving'

export async function move(databaseUrl: string): Promise<boolean> {
  const exported = await exportStore('sqlite:data/actions.db', 'actions.ndjson.gz')
  await importStore(databaseUrl, 'actions.ndjson.gz')
  const { sha256 } = await verifyExport('actions.ndjson.gz', databaseUrl)
  return sha256 === exported.sha256
}
