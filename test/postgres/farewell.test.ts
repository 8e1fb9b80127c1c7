import { expect, onTestFinished, test } from 'vitest'
import { CONFIGURATION, createWorkplace } from '../cli/workplace.ts'
import { startPostgres } from './server.ts'

test('T195 a server whose requests are answered ends well and in time, though PostgreSQL is gone', async () => {
  const postgres = await startPostgres()
  onTestFinished(() => postgres.remove())
  const place = createWorkplace()
  onTestFinished(() => place.remove())
  const more = `masterKey: ${Buffer.alloc(32, 7).toString('base64')}\ndatabaseTimeoutSeconds: 60`
  const database = `${await postgres.createDatabase()}\n${more}`
  place.write('mintkeeper.yaml', CONFIGURATION.replace('sqlite:data/mintkeeper.db', database))
  const server = await place.serve(['--admin-port', '0'])
  postgres.freeze()
  try {
    server.child.kill('SIGTERM')
    const { code, stdout } = await server.ended
    expect([code, stdout]).toEqual([0, expect.stringContaining('the grace time is over')])
  } finally {
    postgres.thaw()
  }
})
