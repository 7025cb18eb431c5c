import { type Bench, type Group, newDatabase } from '../bench.ts'
import { type Figure, summary } from '../figure.ts'
import { type Call, ID, type Load } from '../order.ts'
import { type Server, startLoad, startServer } from '../process.ts'

/** What others notice of a caller whose small inputs take very long to check. */
export const attack: Group = {
  name: 'attack',
  async measure(bench) {
    const server = await startServer({
      programs: bench.programs,
      main: 'bench/recursive',
      folder: bench.folder,
      environment: { ...bench.globus.environment, DATABASE_URL: newDatabase(bench), LOG_LEVEL: 'warn' },
    })
    bench.opened.defer(server.close)
    return [await attackFigure(bench, server)]
  },
}

/** How many requests the others make in a second, on how many connections. */
const OTHERS = { rate: 100, connections: 8 }

/** How many slow inputs are under way at once. */
const ATTACKS = 8

async function attackFigure(bench: Bench, server: Server): Promise<Figure> {
  const attacker = startLoad()
  bench.opened.defer(attacker.close)
  const path = `${new URL(server.url).pathname}/run`
  const others = call(path, await bench.globus.token('alice'), { c: { x: 1, c: { x: 1 } } })
  const slow = call(path, await bench.globus.token('bob'), slowInput())
  const seconds = bench.quick ? 2 : 5
  const order = { servers: [server.origin], seconds }
  const calm = (): Promise<Load> => bench.load.make({ ...order, ...OTHERS, calls: [others] })
  const attacked = async (): Promise<Load> => {
    const [load] = await Promise.all([
      calm(),
      attacker.make({ ...order, calls: [slow], connections: ATTACKS }),
    ])
    return load
  }
  await attacked()
  const rounds: { calm: Load; attacked: Load }[] = []
  for (let round = 0; round < bench.rounds; round++) {
    rounds.push({ calm: await calm(), attacked: await attacked() })
  }
  const { measured, limit, ratio } = summary(
    rounds.map((round) => ({ measured: round.attacked.p99, limit: round.calm.p99 })),
  )
  return {
    name: `p99 of run while ${ATTACKS} slow inputs are checked`,
    unit: 'ms',
    measured,
    limit: { name: 'without them', value: limit },
    ratio,
    must: { most: 2 },
    note: `of another caller at the same provider, ${OTHERS.rate} requests a second`,
    detail: rounds,
  }
}

function call(path: string, token: string, body: object): Call {
  return { method: 'POST', path, token, body: JSON.stringify({ request_id: ID, body }) }
}

/** 500 bytes that the schema needs years for. */
function slowInput(): object {
  let input: object = {}
  for (let depth = 0; depth < 80; depth++) input = { c: input }
  return input
}
