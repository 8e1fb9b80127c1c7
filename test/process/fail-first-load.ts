/** For `--import`: the admin API can not be read from the disk the first time, as with no file descriptor left. */
import { registerHooks } from 'node:module'

let failed = false
registerHooks({
  load(url, context, next) {
    if (failed || !url.endsWith('/src/admin/app.ts')) return next(url, context)
    failed = true
    throw Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' })
  },
})
