/** The thread that calls providers and keeps their large answers, so that the page stays responsive. */
import type { Status } from 'action-provider-tools/client'
import type { PageCalls, Shown, ThreadCalls } from './calls.ts'
import { parseExactly } from './exact-json.ts'
import { createList, type List } from './list.ts'
import { createLog, type Log, lineOf } from './log.ts'
import { type Port, peer } from './peer.ts'
import { createProviders } from './providers.ts'
import { saidBy, summaryOf } from './summary.ts'
import { createTree, type Tree } from './tree.ts'

const trees = new Map<string, Tree>()
const lists = new Map<string, List>()
const logs = new Map<string, Log>()

const calls: ThreadCalls = {
  async introspect({ provider }, { signal }) {
    const description = await at(provider).introspect({ signal })
    return { ...description, schemaText: JSON.stringify(description.input_schema), input_schema: {} }
  },
  async run({ provider, input, fields }, { signal }) {
    const action = await at(provider).run(parseExactly(input) as Record<string, unknown>, {
      ...fields,
      signal,
    })
    return { id: action.id, repeated: action.repeated === true }
  },
  async change({ provider, id, key, change }, { signal }) {
    const status = await at(provider).action(id)[change]({ signal })
    return shown(status, key)
  },
  async watch({ provider, id, key }, { signal, emit }) {
    for await (const update of at(provider).action(id).updates({ signal, log: false })) {
      if (update.type === 'status') emit(shown(update.status, key))
    }
  },

  openList({ provider, key, filter }, { signal }) {
    const list = createList(at(provider), filter)
    lists.set(key, list)
    return list.more(signal)
  },
  moreOfList: ({ key }, { signal }) => kept(lists, key).more(signal),
  refreshList: ({ key }, { signal }) => kept(lists, key).refresh(signal),

  async followLog({ provider, id, key, follow }, { signal, emit }) {
    const log = logs.get(key) ?? createLog(at(provider).action(id))
    logs.set(key, log)
    await log.read(follow, signal, emit)
  },
  searchLog: ({ key, text }) => kept(logs, key).search(text),
  logRows: ({ key, from, to }) => logs.get(key)?.rows(from, to) ?? [],
  waitOfLog: ({ key }) => logs.get(key)?.wait(),
  async sendEvent({ provider, id, key, event, value }, { signal }) {
    const status = await at(provider).action(id).send(event, parseExactly(value), { signal })
    return shown(status, key)
  },
  stepsOfLog: ({ key }) => logs.get(key)?.steps() ?? [],
  findLine: ({ key, number }) => logs.get(key)?.find(number) ?? -1,
  openLine({ key, number, tree }) {
    const entry = logs.get(key)?.entry(number)
    if (entry === undefined) return undefined
    const { description, details } = entry
    const detailRows = details === undefined ? 0 : keepTree(tree, details)
    return { ...lineOf(entry, number), description: description.slice(0, 100_000), detailRows }
  },

  openTree: ({ key, text }) => keepTree(key, parseExactly(text)),
  treeRows: ({ key, from, to }) => trees.get(key)?.rows(from, to) ?? [],
  toggleRow({ key, row }) {
    const tree = kept(trees, key)
    tree.toggle(row)
    return tree.count
  },
  parentRow: ({ key, row }) => kept(trees, key).parent(row),
  rowText: ({ key, row }) => kept(trees, key).text(row),

  forget({ key }) {
    trees.delete(key)
    lists.delete(key)
    logs.delete(key)
  },
}

const page = peer<PageCalls>(self as Port, calls)
// The thread's file is one folder below the page.
const at = createProviders(page, new URL('..', self.location.href))

function shown(status: Status, key: string): Shown {
  const { details } = status
  const isEmpty = typeof details === 'object' && Object.keys(details).length === 0
  return { ...summaryOf(status), said: saidBy(status), detailRows: isEmpty ? 0 : keepTree(key, details) }
}

/** @returns how many rows it has */
function keepTree(key: string, value: unknown): number {
  const known = trees.get(key)
  if (known) known.replace(value)
  const tree = known ?? createTree(value)
  trees.set(key, tree)
  return tree.count
}

function kept<Kind>(among: Map<string, Kind>, key: string): Kind {
  const found = among.get(key)
  if (found === undefined) throw new Error(`${key} is no longer kept`)
  return found
}
