/**
 * What any durable run costs at least: bare Fastify, as it comes, whose one route inserts a row and answers a constant when that is on
 * disk. It asks nobody who calls, checks nothing, and keeps nothing by which an action could be listed or released.
 */
import { DatabaseSync } from 'node:sqlite'
import type { FastifyReply } from 'fastify'
import { answer, bareFastify, type Constant, listen } from './constant.ts'

const { INSERTS = ':memory:', CONSTANT = '{}' } = process.env
const constant = JSON.parse(CONSTANT) as Constant
const database = new DatabaseSync(INSERTS)
database.exec(`
  PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 8000;
  CREATE TABLE requests (request_id TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID`)
const insert = database.prepare('INSERT INTO requests VALUES (?, ?)')
const begin = database.prepare('BEGIN IMMEDIATE')
const commit = database.prepare('COMMIT')

/** What arrives in two turns of the event loop shares a commit, as it does in the library's store. */
let waiting: { request_id: string; reply: FastifyReply }[] = []

function insertAll(): void {
  const batch = waiting
  waiting = []
  begin.run()
  for (const { request_id } of batch) insert.run(request_id, constant.body)
  commit.run()
  for (const { reply } of batch) answer(reply, constant)
}

const app = bareFastify()
app.post(constant.url, (request, reply) => {
  const { request_id } = JSON.parse(String(request.body)) as { request_id: string }
  if (waiting.push({ request_id, reply }) === 1) setImmediate(setImmediate, insertAll)
})
await listen(app)
