/** Something that is kept for this tab, and is gone with it. */
export type Stored<Value> = { read(): Value; write(value: Value): void }

/** @param otherwise where there is none, or none that can be read */
export function stored<Value>(key: string, otherwise: Value): Stored<Value> {
  return {
    read() {
      try {
        const text = sessionStorage.getItem(key)
        return text === null ? otherwise : (JSON.parse(text) as Value)
      } catch {
        return otherwise
      }
    },
    write(value) {
      try {
        sessionStorage.setItem(key, JSON.stringify(value))
      } catch {
        // There is no more room: what is kept is for convenience alone.
      }
    },
  }
}
