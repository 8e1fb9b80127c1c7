import { mkdirSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CONFIGURATION, createWorkplace, type Workplace } from './workplace.ts'

const DATABASE = 'data/mintkeeper.db'
const SERVE = ['serve', '--port', '0', '--admin-port', '0']

let place: Workplace
beforeEach(() => {
  place = createWorkplace()
  place.write('mintkeeper.yaml', CONFIGURATION)
})
afterEach(() => place.remove())

describe('migrate', () => {
  it('up makes the database, and status tells what it has', async () => {
    const before = await place.run(['migrate', 'status'])
    expect([before.code, before.stderr]).toEqual([1, expect.stringContaining('run mintkeeper migrate up')])
    const first = await place.run(['migrate', 'up'])
    expect(first.code).toBe(0)
    expect(first.stdout).toMatch(/^Applied (one step|\d+ steps)\.\n\nSTEP +STATE\n0001-initial +applied\n/)
    expect(await place.json(['migrate', 'up'])).toMatchObject({ appliedNow: [], pending: [] })
    expect((await place.run(['migrate', 'status'])).stdout).toMatch(/^STEP +STATE\n0001-initial +applied\n/)
    expect(await place.json(['migrate', 'status'])).toMatchObject({ pending: [] })
    expect((await place.run(['doctor'])).stdout).toContain('run mintkeeper apply FILE')
  })

  it('of keys that were withdrawn, key list says that they are of no use', async () => {
    await place.run(['apply'])
    const [{ kid }] = await place.json(['key', 'list'])
    expect((await place.run(['key', 'withdraw', kid, '--yes'])).stdout).toMatch(/ withdrawn +none /)
  })

  it('T193 of many nodes at once is done by one, and right for all', async () => {
    const ended = await Promise.all(Array.from({ length: 6 }, () => place.run(['migrate', 'up', '--json'])))
    expect(ended.map(({ code }) => code)).toEqual(ended.map(() => 0))
    const applied = ended.map(({ stdout }) => JSON.parse(stdout).appliedNow.length > 0)
    expect(applied.filter(Boolean)).toHaveLength(1)
    expect(await place.json(['migrate', 'status'])).toMatchObject({ pending: [] })
  })

  it('up has to be run first where databaseMigration is manual', async () => {
    const manual = { MINTKEEPER_DATABASE_MIGRATION: 'manual' }
    for (const command of [SERVE, ['apply']]) {
      const { code, stderr } = await place.run(command, { env: manual })
      expect([command, code]).toEqual([command, 1])
      expect(stderr).toMatch(/its schema lacks 0001-initial.*: run `mintkeeper migrate up` first/)
    }
    expect((await place.run(['migrate', 'up'], { env: manual })).code).toBe(0)
    const server = await place.serve(['--admin-port', '0'], { env: manual })
    server.child.kill('SIGTERM')
    expect((await server.ended).code).toBe(0)
  })

  it('is not done by commands that only work with a database', async () => {
    mkdirSync(place.path('data'))
    place.write(DATABASE, '')
    for (const command of [['user', 'list'], ['storage'], ['purge']]) {
      const { code, stderr } = await place.run(command)
      expect([command, code]).toEqual([command, 1])
      expect(stderr).toMatch(/its schema lacks 0001-initial.*: run `mintkeeper migrate up` first/)
    }
    expect(place.read(DATABASE)).toBe('')
    expect((await place.run(['migrate', 'up'])).code).toBe(0)
  })

  it('T194 of a newer version refuses to be used by this one, whatever the command, and stays as it is', async () => {
    await place.run(['apply'])
    place.sql("insert into schema_steps (name, applied_at) values ('9999-later', 0)")
    const before = place.databaseText()
    for (const command of [
      SERVE,
      ['apply'],
      ['migrate'],
      ['migrate', 'up'],
      ['migrate', 'status'],
      ['user', 'list'],
    ]) {
      const { code, stdout, stderr } = await place.run(command)
      expect([command, code, stdout]).toEqual([command, 1, ''])
      expect(stderr).toMatch(
        /newer than this version of Mintkeeper \(unknown steps: 9999-later\): run the newer version/,
      )
      expect(stderr.trim().split('\n')).toHaveLength(1)
    }
    expect(place.databaseText()).toBe(before)
  })
})
