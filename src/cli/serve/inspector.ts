import type { Log } from '../../log/log.ts'

/**
 * Keeps SIGUSR1 from opening Node's inspector, by which whoever is on the machine reads and runs what they like in the
 * process. Other servers open their logs anew at this signal, so it is sent by mistake. Who wants to debug starts Node
 * with `--inspect`.
 */
export function keepInspectorClosed(log: Pick<Log, 'warn'>): void {
  process.on('SIGUSR1', (signal) => log.warn('a signal that means nothing to the server', { signal }))
}
