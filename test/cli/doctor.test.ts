import { chmodSync, closeSync, fstatSync, openSync, rmSync, writeSync } from 'node:fs'
import { createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkRuntime } from '../../src/cli/doctor/runtime-checks.ts'
import { CONFIGURATION, createWorkplace, freePort, type Workplace } from './workplace.ts'

interface Report {
  readonly ok: boolean
  readonly checks: readonly { readonly name: string; readonly state: string; readonly detail: string }[]
}

let place: Workplace
let port: number
beforeEach(async () => {
  place = createWorkplace()
  port = await freePort()
  place.write('mintkeeper.yaml', `server: { port: ${port}, adminPort: 0 }\n${CONFIGURATION}`)
})
afterEach(() => place.remove())

/** What doctor says about one thing. */
async function examine(name: string, args: readonly string[] = []): Promise<string> {
  const { code, stdout } = await place.run(['doctor', '--json', ...args])
  const report: Report = JSON.parse(stdout)
  expect(code).toBe(report.ok ? 0 : 1)
  expect(report.ok).toBe(report.checks.every(({ state }) => state !== 'fail'))
  const check =
    report.checks.find((each) => each.name === name && each.state !== 'ok') ??
    report.checks.find((each) => each.name === name)
  return check === undefined ? 'not checked' : `${check.state}: ${check.detail}`
}

describe('doctor', () => {
  it('finds nothing wrong with what is fine', async () => {
    await place.run(['apply'])
    const { code, stdout, stderr } = await place.run(['doctor'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^STATE +WHAT +FOUND\n/)
    expect(stdout).not.toMatch(/^(warn|fail) /m)
    for (const name of [
      'Node.js',
      'SQLite',
      'clock',
      'configuration',
      'data directory',
      'database file',
      'master key',
      'integrity',
      'schema',
      'database',
      'issuer of dodici',
      'keys of dodici',
      'newest token of dodici',
      'token plane',
      'control plane',
    ]) {
      expect(stdout).toMatch(new RegExp(`^ok +${name} +\\S`, 'm'))
    }
    expect(stdout).toMatch(/0 failed, 0 with a warning, \d+ fine\.\n$/)
  })

  it('changes nothing where there is nothing yet', async () => {
    expect(await examine('database file')).toMatch(/^warn: .* is not there yet/)
    expect(() => place.databaseText()).toThrow('ENOENT')
  })

  it('lists every problem of the configuration', async () => {
    place.write('mintkeeper.yaml', 'tenants: [{ id: A }]\n')
    const { code, stdout } = await place.run(['doctor'])
    expect(code).toBe(1)
    expect(stdout).toMatch(/^fail +configuration +.*tenants\[0\]\.id/m)
    expect(stdout).toMatch(/^fail +configuration +.*tenants\[0\]\.issuer: is missing/m)
  })

  it.each([
    ['master key', 'data/mintkeeper.db.key', 'fail'],
    ['database file', 'data/mintkeeper.db', 'warn'],
    ['configuration file', 'mintkeeper.yaml', 'warn'],
  ])('minds that others can read the %s', async (name, file, state) => {
    await place.run(['apply'])
    chmodSync(place.path(file), 0o640)
    expect(await examine(name)).toMatch(new RegExp(`^${state}: .*\\(mode 640\\): chmod 600`))
  })

  it('minds that the database is gone', async () => {
    await place.run(['apply'])
    rmSync(place.path('data/mintkeeper.db'))
    expect(await examine('database file')).toMatch(/^fail: .* is gone, but its key is there/)
  })

  it('minds that the master key is gone', async () => {
    await place.run(['apply'])
    rmSync(place.path('data/mintkeeper.db.key'))
    expect(await examine('master key')).toMatch(/^fail: .* is not there/)
    expect(() => place.read('data/mintkeeper.db.key')).toThrow('ENOENT')
  })

  it('minds that the master key is another one', async () => {
    await place.run(['apply'])
    place.write('data/mintkeeper.db.key', `${Buffer.alloc(32, 7).toString('base64')}\n`)
    expect(await examine('keys of dodici')).toMatch(/^fail: .*another master key/)
  })

  it('minds that the master key is none', async () => {
    await place.run(['apply'])
    place.write('data/mintkeeper.db.key', 'short\n')
    expect(await examine('master key')).toMatch(/^fail: .*holds no master key/)
  })

  it('minds that the database is none', async () => {
    await place.run(['apply'])
    place.write('data/mintkeeper.db', 'rubbish'.repeat(1000))
    expect(await examine('schema')).toMatch(/^fail: .*no SQLite database/)
  })

  it.each([[], ['--full']])('T014 minds a page that is garbled %s', async (...args) => {
    await place.run(['apply'])
    expect(await examine('integrity', args)).toMatch(args.length === 0 ? /^ok: every page/ : /^ok: every row/)
    const file = openSync(place.path('data/mintkeeper.db'), 'r+')
    writeSync(file, Buffer.alloc(4096, 0xa5), 0, 4096, fstatSync(file).size - 4096)
    closeSync(file)
    expect(await examine('integrity', args)).toMatch(/^fail: .*is damaged.*restore it from a backup/)
  })

  it('T014 minds that the database is gone, though no key file tells of it', async () => {
    place.write('master.key', `${'a'.repeat(64)}\n`)
    await place.run(['apply', '--master-key-file', 'master.key'])
    rmSync(place.path('data/mintkeeper.db'))
    expect(await examine('database file', ['--master-key-file', 'master.key'])).toMatch(
      /^fail: .* is gone.*restore it from a backup.*mintkeeper\.db\.made/,
    )
    const { code, stderr } = await place.run(['serve', '--master-key-file', 'master.key'])
    expect([code, stderr]).toEqual([1, expect.stringContaining('data/mintkeeper.db')])
  })

  it('minds that the schema is of a newer version', async () => {
    await place.run(['apply'])
    place.sql("insert into schema_steps (name, applied_at) values ('9999-future', 0)")
    expect(await examine('schema')).toMatch(/^fail: .*9999-future/)
  })

  it('minds that there is no tenant, and no key', async () => {
    await place.run(['migrate'])
    expect(await examine('tenants')).toMatch(/^fail: there are none/)
    await place.run(['apply'])
    place.sql('delete from signing_keys')
    expect(await examine('keys of dodici')).toMatch(/^warn: no active RS256 key/)
  })

  it('minds an issuer without TLS', async () => {
    const text = CONFIGURATION.replace('https://dodici.x.newstore.net/', 'http://localhost/')
    place.write('mintkeeper.yaml', text)
    await place.run(['apply'])
    expect(await examine('issuer of dodici')).toMatch(/^warn: http:\/\/localhost\/.* is not https/)
  })

  it('minds a token from the future', async () => {
    await place.run(['apply'])
    await place.json(['token', 'issue', '--user', 'joe@example.com', '--surface', 'spree'])
    place.sql('update tokens set issued_at = issued_at + 3600')
    expect(await examine('newest token of dodici')).toMatch(/^fail: .* is 3\d\d\d s ahead of the clock/)
  })

  it('minds a port that is taken', async () => {
    const taken = createServer().listen(port, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    expect(await examine('token plane')).toMatch(new RegExp(`^warn: port ${port} on 127.0.0.1 is taken`))
    taken.close()
    expect(await examine('control plane')).toBe('ok: off')
  })

  it('minds a clock that is far off', () => {
    const clockOf = (nowMs: number) => checkRuntime(nowMs).find(({ name }) => name === 'clock')?.state
    expect([clockOf(0), clockOf(Date.now()), clockOf(Date.UTC(2100, 0, 1))]).toEqual(['fail', 'ok', 'fail'])
  })
})
