import { type DestinationStream, pino } from 'pino'

/**
 * Standard output, to which all lines of one turn of the event loop are written at once: a write costs more than a
 * line. Whatever is left is written when the process ends, unless it is killed; then the lines of that turn are gone.
 */
export function standardOutput(): DestinationStream {
  const output = pino.destination({ fd: 1, sync: true })
  let lines = ''

  function flush(): void {
    if (lines === '') return
    const text = lines
    lines = ''
    output.write(text)
  }

  process.on('exit', flush)
  return {
    write(line) {
      if (lines === '') setImmediate(flush)
      lines += line
    },
  }
}
