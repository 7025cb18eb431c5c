/** The part of autocannon, which brings no types, that the load uses. */
declare module 'autocannon' {
  type Client = { getRequestBuffer: () => Buffer }

  type Options = {
    url: string | string[]
    connections: number
    duration: number
    setupClient: (client: Client) => void
  }

  type Result = {
    requests: { total: number }
    latency: { p50: number; p99: number }
    duration: number
    non2xx: number
    errors: number
    timeouts: number
    statusCodeStats: Record<string, { count: number }>
  }

  export default function autocannon(options: Options): Promise<Result>
}
