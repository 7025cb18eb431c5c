/** A value in the session storage of this tab. */
export type Stored<Value> = { read(): Value; write(value: Value): void }

/** @param otherwise the value if there is none, or it cannot be read */
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
        // The storage is full. The value is only a convenience.
      }
    },
  }
}
