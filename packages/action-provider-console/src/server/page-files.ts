import { existsSync, globSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
}

/** The folder of the built page, for the sources as for the published package. */
const folder = fileURLToPath(new URL('../../dist/page/', import.meta.url))

/** Whether the page is built. It is in the published package, not in the sources. */
export function isBuilt(): boolean {
  return existsSync(`${folder}index.html`)
}

/** The files of the built page, in memory after the first request: they are few and do not change. */
export type PageFiles = {
  /** Answers with a file, or with 404. */
  send(name: string, request: FastifyRequest, reply: FastifyReply): FastifyReply
}

export function pageFiles(): PageFiles {
  let files: Map<string, Buffer> | undefined
  const packed = new Map<string, Buffer>()

  function read(): Map<string, Buffer> {
    const names = globSync('**/*.{html,js,css,svg,txt}', { cwd: folder })
    return new Map(names.map((name) => [name.replaceAll('\\', '/'), readFileSync(`${folder}${name}`)]))
  }
  function gzipped(name: string, content: Buffer): Buffer {
    const known = packed.get(name) ?? gzipSync(content)
    packed.set(name, known)
    return known
  }

  return {
    send(name, request, reply) {
      files ??= read()
      const content = files.get(name)
      if (content === undefined) return reply.callNotFound() as unknown as FastifyReply
      // Only the names of assets hold a hash of their content.
      const lasting = name.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache'
      reply.headers({
        'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
        'cache-control': lasting,
        vary: 'accept-encoding',
      })
      if (!/\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) return reply.send(content)
      return reply.header('content-encoding', 'gzip').send(gzipped(name, content))
    },
  }
}
