#!/usr/bin/env node
/** An older Node would refuse the rest in words of its own, so this file imports nothing before it has looked. */
const NEEDED = 24
const version = process.versions.node
if (Number.parseInt(version, 10) < NEEDED) {
  process.stderr.write(
    `This is Node ${version}, and an action provider needs Node ${NEEDED} or later: install it from https://nodejs.org, and try again\n`,
  )
  process.exit(1)
}
const { create } = await import('./create.ts')
process.exitCode = await create(process.argv.slice(2))

export {}
