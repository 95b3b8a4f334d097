/** Facts beside an event; values are logged as JSON. Never put message bodies, keys or the environment in here. */
export type LogFields = Readonly<Record<string, unknown>>

/** Where a node says what happens. Never stdout: that belongs to the protocol. */
export interface Log {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
}

/** How much is said: everything from this level upwards. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent']

/** A log that writes one JSON line per event, e.g. to stderr. `now` gives milliseconds since 1970. */
export function createLog(level: LogLevel, write: (line: string) => void, now: () => number): Log {
  const least = levels.indexOf(level)
  const at =
    (name: LogLevel) =>
    (event: string, fields: LogFields = {}) => {
      if (levels.indexOf(name) < least) return
      const time = new Date(now()).toISOString()
      write(`${JSON.stringify({ time, level: name, event, ...readable(fields) })}\n`)
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** The same log, which says these facts with every event: whose process and whose node it is. */
export function logWith(log: Log, about: LogFields): Log {
  return {
    debug: (event, fields) => log.debug(event, { ...about, ...fields }),
    info: (event, fields) => log.info(event, { ...about, ...fields }),
    warn: (event, fields) => log.warn(event, { ...about, ...fields }),
    error: (event, fields) => log.error(event, { ...about, ...fields }),
  }
}

/** A log that says nothing. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
}

function readable(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value instanceof Error ? (value.stack ?? value.message) : value,
    ]),
  )
}
