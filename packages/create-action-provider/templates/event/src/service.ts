/** The service that does the work, as the provider sees it. */
export type Service = {
  /** Takes an order. A key that it knows already is the same order. */
  submit: (order: Order, key: string, signal: AbortSignal) => Promise<{ id: string }>
  /** What came of an order that is done. */
  collect: (id: string, signal: AbortSignal) => Promise<Counts>
  /** Gives an order up. One that is gone already is no error. */
  withdraw: (id: string, signal: AbortSignal) => Promise<void>
}

/** An order, and the URL that it is to be called back at, which needs no token. */
export type Order = { text: string; callback: string }

/** How often each word is there. */
export type Counts = Record<string, number>
