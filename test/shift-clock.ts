/** Preloaded into a program whose machine's clock is to be wrong: `CLOCK_SHIFT` is by how much, in milliseconds. */
const shift = Number(process.env.CLOCK_SHIFT)
const RealDate = Date
const now = (): number => RealDate.now() + shift

globalThis.Date = new Proxy(RealDate, {
  apply: () => new RealDate(now()).toString(),
  construct: (target, given: number[]) =>
    given.length === 0 ? new target(now()) : new target(...(given as [number])),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
})
