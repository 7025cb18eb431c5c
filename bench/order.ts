/** What the load process is asked for, and what it answers. */

/** A request as it goes over the wire, but for its id. */
export type Call = {
  method: 'GET' | 'POST'
  path: string
  token?: string
  /** What `Prefer` says. */
  prefer?: string
  /** JSON text. `ID` in it becomes a new request id each time it is sent. */
  body?: string
}

/** Requests over HTTP. */
export type Order = {
  /** The servers' bases, `http://127.0.0.1:port`; several share the connections. */
  servers: string[]
  /** Sent one after the other, over and over. */
  calls: Call[]
  connections: number
  seconds: number
  /** Requests per second; as many as will go where it is left out. */
  rate?: number
}

export type Load = {
  requests: number
  /** Answers per second. */
  rate: number
  /** Milliseconds; by whole ones where no rate was asked for. */
  p50: number
  p99: number
  /** Answers that were no success, and connections that broke. */
  failures: number
}

/** Stands in a body for an id of the same length. */
export const ID = '<<<<<<<<<<<<<<<<<<<id>>>>>>>>>>>>>>>>>>>'
