import { availableParallelism, cpus, loadavg, totalmem, type } from 'node:os'

/** What the figures were measured on. */
export type Machine = {
  cpu: string
  cores: number
  memory_gb: number
  system: string
  node: string
  load: number
}

export function thisMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory_gb: Math.round(totalmem() / 1024 ** 3),
    system: type(),
    node: process.version,
    load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  }
}
