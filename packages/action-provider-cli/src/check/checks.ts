import type { Group } from './check.ts'
import { access } from './groups/access.ts'
import { badInput } from './groups/bad-input.ts'
import { documents } from './groups/documents.ts'
import { enumerate } from './groups/enumerate.ts'
import { exactlyOnce } from './groups/exactly-once.ts'
import { flows } from './groups/flows.ts'
import { introspect } from './groups/introspect.ts'
import { life } from './groups/life.ts'
import { log } from './groups/log.ts'
import { routes } from './groups/routes.ts'
import { run } from './groups/run.ts'
import { tokens } from './groups/tokens.ts'

/** All checks, in order: later ones use the answers of earlier ones. */
export const groups: readonly Group[] = [
  introspect,
  run,
  exactlyOnce,
  badInput,
  tokens,
  routes,
  log,
  enumerate,
  access,
  life,
  flows,
  documents,
]
