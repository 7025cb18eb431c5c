import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Repository } from './approval.ts'

/** A folder that stands in for a repository: a file for each draft, and one for each that is published. */
export function folderRepository(folder: string): Repository {
  const draft = (id: string): string => join(folder, `${id}.draft.json`)
  const published = (id: string): string => join(folder, `${id}.json`)
  return {
    async submit(given, key) {
      const id = key.replaceAll(/\W+/g, '-')
      await mkdir(folder, { recursive: true })
      // Whoever reads it may decide: it holds the signed URL.
      await writeFile(draft(id), `${JSON.stringify(given, undefined, 2)}\n`, { mode: 0o600 })
      return { id }
    },
    async publish(id, { signal }) {
      const { title, submitted_by } = JSON.parse(await readFile(draft(id), { encoding: 'utf8', signal }))
      await writeFile(published(id), JSON.stringify({ title, submitted_by }), { signal })
      return { location: published(id) }
    },
    withdraw: (id) => rm(draft(id), { force: true }),
  }
}
