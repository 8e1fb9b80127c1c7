import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { CONFIGURATION, createWorkplace, MAIN, postJson, type Workplace } from '../cli/workplace.ts'

const NOBODY = 65_534

/** A mount name space of its own, in which everything is read-only but one directory; then somebody without rights. */
const CONFINE = `mount --bind "$DATA" "$DATA" && mount -o remount,ro,bind / && exec setpriv --reuid ${NOBODY} \
  --regid ${NOBODY} --clear-groups --no-new-privs "$@"`

function confined(command: readonly string[]): readonly string[] {
  return ['--mount', '--propagation', 'private', 'sh', '-c', CONFINE, 'sh', ...command]
}

let place: Workplace
beforeEach(() => {
  place = createWorkplace()
  place.write('mintkeeper.yaml', CONFIGURATION, 0o644)
  chmodSync(place.directory, 0o755)
  mkdirSync(place.path('data'))
})
afterEach(() => place.remove())

/** Why this can not be tried here; null: it can. */
function whyNot(): string | null {
  if (process.getuid?.() !== 0) return 'only the superuser may mount'
  const env = { ...process.env, DATA: place.path('data') }
  const tried = spawnSync('unshare', confined(['true']), { env, encoding: 'utf8' })
  return tried.status === 0 ? null : `no mount name space: ${tried.error?.message ?? tried.stderr}`
}

it('T200 runs as somebody without rights on a read-only file system, and writes nowhere but beside its database', async (context) => {
  const reason = whyNot()
  if (reason !== null) return context.skip(reason)
  chownSync(place.path('data'), NOBODY, NOBODY)
  const node = [process.execPath, MAIN, 'serve', '--port', '0', '--admin-port', '0']
  const server = place.start('unshare', confined(node), {
    env: { DATA: place.path('data'), NODE_COMPILE_CACHE: '', HOME: '/nonexistent' },
  })
  const [, url] = await server.said(/"plane":"token","url":"([^"]+)"/)
  expect(readFileSync(`/proc/${server.child.pid}/status`, 'utf8')).toMatch(
    /^Uid:\t65534\t65534\t65534\t65534$/m,
  )
  const token = await postJson(`${url}/oauth/token`, {
    grant_type: 'client_credentials',
    client_id: 'sync',
    client_secret: 'canary-secret-of-the-sync-client-0123456789',
  })
  expect(token).toMatchObject({ access_token: expect.any(String) })
  server.child.kill('SIGTERM')
  expect(await server.ended).toMatchObject({ code: 0, stdout: expect.stringContaining('"msg":"stopped"') })
  expect(readdirSync(place.directory).toSorted()).toEqual(['data', 'mintkeeper.yaml'])
  for (const name of readdirSync(place.path('data'))) expect(name).toMatch(/^mintkeeper\.db/)
})

it('T200 on a file system that is read-only everywhere says so, and does not start', async (context) => {
  const reason = whyNot()
  if (reason !== null) return context.skip(reason)
  const node = [process.execPath, MAIN, 'serve', '--port', '0', '--admin-port', '0']
  const server = place.start('unshare', confined(node), {
    env: { DATA: place.path('data'), NODE_COMPILE_CACHE: '', HOME: '/nonexistent' },
  })
  const { code, stderr } = await server.ended
  expect(code).toBe(1)
  expect(stderr).toContain('data/mintkeeper.db')
})
