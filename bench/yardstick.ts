/**
 * What a provider is measured by: Fastify as it comes, whose routes answer constants with the headers that the provider sends, each
 * answer with its own request id. With `INSERTS`, a POST first makes one row durable, in the shared commits that the library's
 * store makes: it asks nobody who calls, checks nothing, and keeps nothing by which an action could be listed or released.
 */
import type { AddressInfo } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import Fastify, { type FastifyReply } from 'fastify'

/** A route that answers a constant. `headers` are those of the provider's answer. */
export type Constant = {
  method: 'GET' | 'POST'
  url: string
  code: number
  headers: Record<string, string>
  body: string
}

const constants = JSON.parse(process.env.CONSTANTS ?? '[]') as Constant[]
const { INSERTS } = process.env

let requests = 0
const app = Fastify({ genReqId: () => `yardstick-${++requests}` })
app.removeAllContentTypeParsers()
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
  done(null, body),
)

function answer(reply: FastifyReply, { code, headers, body }: Constant): void {
  reply.code(code).headers(headers).header('x-request-id', reply.request.id).send(body)
}

const insert = INSERTS === undefined ? undefined : insertsInto(INSERTS)
for (const constant of constants) {
  const { method, url } = constant
  app.route({
    method,
    url,
    handler(request, reply) {
      if (insert === undefined || method === 'GET') return answer(reply, constant)
      const { request_id } = JSON.parse(String(request.body)) as { request_id: string }
      insert(request_id, constant.body, () => answer(reply, constant))
    },
  })
}
await app.listen({ port: 0, host: '127.0.0.1' })
process.stdout.write(`It serves at http://127.0.0.1:${(app.server.address() as AddressInfo).port}\n`)

/** Inserts rows. What arrives in two turns of the event loop shares a commit, as in the library's store. */
function insertsInto(file: string): (id: string, document: string, durable: () => void) => void {
  const database = new DatabaseSync(file)
  database.exec(`
    PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 8000;
    CREATE TABLE requests (request_id TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID`)
  const statement = database.prepare('INSERT INTO requests VALUES (?, ?)')
  const begin = database.prepare('BEGIN IMMEDIATE')
  const commit = database.prepare('COMMIT')
  let batch: { id: string; document: string; durable: () => void }[] = []

  function insertAll(): void {
    const inserts = batch
    batch = []
    begin.run()
    for (const { id, document } of inserts) statement.run(id, document)
    commit.run()
    for (const { durable } of inserts) durable()
  }

  return (id, document, durable) => {
    if (batch.push({ id, document, durable }) === 1) setImmediate(setImmediate, insertAll)
  }
}
