import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CONFIGURATION, createWorkplace, freePort, type Workplace } from '../cli/workplace.ts'

/** A user without any rights. */
const NOBODY = 65_534

let place: Workplace
beforeEach(() => {
  place = createWorkplace()
  place.write('mintkeeper.yaml', CONFIGURATION)
})
afterEach(() => place.remove())

async function adminStatus(adminUrl: string, token: string): Promise<number> {
  const headers = { Authorization: `Bearer ${token}` }
  return (await fetch(`${adminUrl}/admin/v1/tenants`, { headers })).status
}

describe('serve', () => {
  it('logs JSON on standard output, and nothing but that', async () => {
    const server = await place.serve(['--admin-port', '0'])
    server.child.kill('SIGTERM')
    const { stdout, stderr } = await server.ended
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    // The configuration was applied, which is in the audit log.
    const messages = ['audit head', 'started', 'listening', 'stopping', 'stopped']
    expect(lines.map(({ msg }) => msg)).toEqual(messages)
    expect(lines[1]).toMatchObject({ database: 'sqlite:data/mintkeeper.db', tenants: ['dodici'] })
    const again = await place.serve(['--admin-port', '0'])
    expect(again.stdout()).not.toContain('audit head')
    expect(stderr).toBe('')
  })

  it('puts warnings about the configuration into the log', async () => {
    place.write(
      'mintkeeper.yaml',
      CONFIGURATION.replace('canary-secret-of-the-sync-client-0123456789', 'tooshort'),
    )
    const server = await place.serve(['--admin-port', '0'])
    expect(server.stdout()).toMatch(/"level":"warn".*tenants\[0\]\.clients\[0\]\.secret/)
    expect(server.stdout()).not.toContain('tooshort')
  })

  it('shows a generated admin token once, and stores no more than its digest', async () => {
    const port = String(await freePort())
    const first = await place.serve(['--admin-port', port])
    const token = /The admin token is (\S+)/.exec(first.stderr())?.[1] ?? ''
    expect(token).toMatch(/^[\w-]{43}$/)
    expect(first.stdout()).not.toContain(token)
    expect(await adminStatus(first.adminUrl, token)).toBe(200)
    expect(await adminStatus(first.adminUrl, `${token}x`)).toBe(401)
    first.child.kill('SIGTERM')
    await first.ended
    expect(place.databaseText()).toContain('admin_token_sha256')
    expect(place.databaseText()).not.toContain(token)
    const second = await place.serve(['--admin-port', port])
    expect(second.stderr()).toBe('')
    expect(await adminStatus(second.adminUrl, token)).toBe(200)
  })

  it('does not take the stored digest for the token', async () => {
    const server = await place.serve(['--admin-port', String(await freePort())])
    const digest = /admin_token_sha256\W*([0-9a-f]{64})/.exec(place.databaseText())?.[1] ?? ''
    expect(digest).toHaveLength(64)
    expect(await adminStatus(server.adminUrl, digest)).toBe(401)
  })

  it('uses the admin token of the configuration, and makes none then', async () => {
    place.write('token', 'canary-admin-token-0123456789\n')
    const args = ['--admin-port', String(await freePort()), '--admin-token-file', 'token']
    const server = await place.serve(args)
    expect(server.stderr()).toBe('')
    expect(await adminStatus(server.adminUrl, 'canary-admin-token-0123456789')).toBe(200)
    expect(place.databaseText()).not.toContain('admin_token_sha256')
  })

  it('is ready when it listens', async () => {
    const server = await place.serve(['--admin-port', String(await freePort())])
    expect((await fetch(`${server.adminUrl}/readyz`)).status).toBe(200)
    expect((await fetch(`${server.adminUrl}/healthz`)).status).toBe(200)
    const keys = await (await fetch(`${server.url}/.well-known/jwks.json`)).json()
    expect(keys).toMatchObject({ keys: [{ alg: 'RS256' }, { alg: 'RS256' }] })
  })
})

describe('serve does not start', () => {
  it.each(['--port', '--admin-port'])('when the port of %s is taken, and says which', async (flag) => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    const address = taken.address()
    const port = String(typeof address === 'object' ? address?.port : '')
    const ports =
      flag === '--port' ? ['--port', port, '--admin-port', '0'] : ['--port', '0', '--admin-port', port]
    const { code, stderr } = await place.run(['serve', ...ports])
    taken.close()
    expect(code).toBe(1)
    expect(stderr).toContain(`mintkeeper: Port ${port} on 127.0.0.1 is taken.`)
    expect(stderr).toContain(`${flag} PORT`)
  })

  it('T013 when its directory is no directory, and says which', async () => {
    place.write('file', '')
    const { code, stdout, stderr } = await place.run(['serve', '--database', 'sqlite:file/mintkeeper.db'])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('file/mintkeeper.db')
    expect(stderr).not.toMatch(/^ +at /m)
  })

  it('T013 when its directory can not be written, and says which', async () => {
    mkdirSync(place.path('locked'))
    chmodSync(place.path('locked'), 0o555)
    chmodSync(place.path('mintkeeper.yaml'), 0o644)
    chmodSync(place.directory, 0o755)
    // The superuser may write anywhere.
    const options = process.getuid?.() === 0 ? { uid: NOBODY } : {}
    const { code, stderr } = await place.run(['serve', '--database', 'sqlite:locked/mintkeeper.db'], options)
    expect(code).toBe(1)
    expect(stderr).toContain('mintkeeper: database locked/mintkeeper.db: ')
  })

  it('T014 on something that is no database, and leaves it alone', async () => {
    place.write('notes.txt', 'my notes\n'.repeat(200))
    const { code, stderr } = await place.run(['serve', '--database', 'sqlite:notes.txt'])
    expect(code).toBe(1)
    expect(stderr).toContain('notes.txt')
    expect(place.read('notes.txt')).toBe('my notes\n'.repeat(200))
  })

  it('T014 without the database that its key belongs to', async () => {
    await place.run(['apply'])
    rmSync(place.path('data/mintkeeper.db'))
    const { code, stderr } = await place.run(['serve'])
    expect(code).toBe(1)
    expect(stderr).toContain('data/mintkeeper.db')
    expect(() => place.read('data/mintkeeper.db')).toThrow('ENOENT')
  })

  it('without the key of its database, and makes no other', async () => {
    await place.run(['apply'])
    rmSync(place.path('data/mintkeeper.db.key'))
    for (const command of [['serve'], ['apply'], ['user', 'list']]) {
      const { code, stderr } = await place.run(command)
      expect(code).toBe(1)
      expect(stderr).toContain('Restore the file from a backup')
    }
    expect(() => place.read('data/mintkeeper.db.key')).toThrow('ENOENT')
  })

  it('T199 with a configuration that is wrong, and lists everything', async () => {
    place.write(
      'mintkeeper.yaml',
      'server: { prot: 1 }\ntenants: [{ id: a, issuer: "http://x.example/", hosts: [a/b] }]\n',
    )
    const { code, stdout, stderr } = await place.run(['serve', '--port', 'x'])
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' })
    for (const part of ['server.prot', 'tenants[0].issuer', 'tenants[0].hosts[0]', '--port'])
      expect(stderr).toContain(part)
  })
})
