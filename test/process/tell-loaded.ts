/**
 * For `--import`: writes what the process has loaded as one line on standard error, whenever it gets SIGUSR2 and when
 * it ends. Node's own modules are named as in `process.moduleLoadList`, the others by URL.
 */
import { registerHooks } from 'node:module'

const urls: string[] = []
registerHooks({
  load(url, context, next) {
    urls.push(url)
    return next(url, context)
  },
})

function tell(): void {
  const own = (process as unknown as { moduleLoadList: readonly string[] }).moduleLoadList
  process.stderr.write(`loaded ${JSON.stringify([...own, ...urls])}\n`)
}

process.on('SIGUSR2', tell)
process.on('exit', tell)
